app = "an app"
