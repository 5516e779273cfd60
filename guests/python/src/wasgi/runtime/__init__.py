"""What each component of a Python application contains beside the application.

Owns how the application is loaded, frozen and started. Is of no use outside of a component.
"""
