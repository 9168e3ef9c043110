"""`make links` tells an address that is gone from one that answers and one that cannot be asked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.site import links
from tests.site.served import served

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_addresses_are_those_outside_of_the_site_without_their_places(tmp_path: Path) -> None:
    page = '<a href="https://a.example/b#c">x</a><a href="../d/">y</a><a href="http://e.f">z</a>'
    (tmp_path / "index.html").write_text(page, "utf-8")
    assert links.linked(tmp_path) == {"https://a.example/b": "index.html"}


def test_an_address_that_is_gone_is_told_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").touch()
    with served(tmp_path) as host:
        pages = {host + "there": "a.html", host + "gone": "b.html"}
        monkeypatch.setattr(links, "linked", lambda _: pages)
        monkeypatch.setattr(links, "answer", partial(links.answer, pause=0))
        assert links.main(tmp_path) == 1
    assert f"GONE  404 File not found: {host}gone, linked on b.html" in capsys.readouterr().out
    pages.pop(host + "gone")
    assert links.main(tmp_path) == 0
    said = capsys.readouterr().out
    assert "look  0" in said
    assert "is there a network?" in said
