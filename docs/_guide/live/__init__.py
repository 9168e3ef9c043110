"""What runs on pages as well as in the build: in the dialect that `browser/translate.py` takes."""
