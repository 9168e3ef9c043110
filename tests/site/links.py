"""Ask every address that the built guide links to: `make links`, with a network, two minutes.

An address that is gone (404 or 410) makes the status 1. What a host refuses to a program, or fails
at for now, is listed for a person to look at.
"""

from __future__ import annotations

import sys
import time
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urldefrag, urlsplit

from tests.site.html import Document

AGENT = {"User-Agent": "link check of the DLP study guide, one request a second"}
GONE = {404, 410}


def linked(site: Path) -> dict[str, str]:
    """Give every address outside of the site, with a page that links to it."""
    return {
        urldefrag(link).url: path.relative_to(site).as_posix()
        for path in sorted(site.rglob("*.html"))
        for link in Document.read(path).links
        if link.startswith("https://")
    }


def answer(url: str, pause: float = 1.0) -> tuple[int, str]:
    """Give what a host answers for an address, 0 where none does; then wait, to be polite."""
    try:
        request = urllib.request.Request(url, headers=AGENT)  # noqa: S310
        with urllib.request.urlopen(request, timeout=20) as page:  # noqa: S310
            return page.status, ""
    except HTTPError as error:
        with error:
            return error.code, error.reason
    except (OSError, ValueError) as error:
        return 0, str(error)
    finally:
        time.sleep(pause)


def main(site: Path) -> int:
    """Ask all hosts at once, each for one address after the other, and list what is not well."""
    pages, hosts = linked(site), defaultdict[str, list[str]](list)
    for url in pages:
        hosts[urlsplit(url).netloc].append(url)
    print(f"Asking for {len(pages)} addresses of {len(hosts)} hosts ...", flush=True)
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda urls: [(url, *answer(url)) for url in urls], hosts.values()))
    answers = sorted(
        (code not in GONE, url, code, why) for host in asked for url, code, why in host
    )
    for well, url, code, why in answers:
        if code != 200:
            print(f"{'look' if well else 'GONE'}  {code} {why}: {url}, linked on {pages[url]}")
    if not any(code for _, _, code, _ in answers):
        print("No host answered: is there a network?")
    return int(any(code in GONE for _, _, code, _ in answers))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
