"""Write the scripts that pages load: `python -m _guide.browser`."""

from _guide.browser import bundle

bundle.write()
