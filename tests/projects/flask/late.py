"""Imported by a request alone."""


def text() -> str:
    from email.mime.text import MIMEText

    return MIMEText("late").get_payload()
