"""What MkDocs is told beside mkdocs.yml: `*` in the nav, and links that leave docs/.

A link to a file of the checkout works where the source is read; the site has no such file, so the
site keeps the words. A link to a file that is not there ends the build.
"""

import re
from pathlib import Path
from posixpath import dirname, normpath
from typing import Any

from mkdocs.exceptions import PluginError

ROOT = Path(__file__).resolve().parents[1]
LEAVING = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\./[^)#]+)\)")


def on_config(config: Any) -> Any:
    """Each `folder/*.md` becomes the pages of that folder by name, README first; none, no entry."""
    config.nav = _expanded(config.nav, Path(config.docs_dir))
    return config


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """A link to a file outside docs/ becomes its words."""
    here = dirname(f"docs/{page.file.src_uri}")

    def words(link: re.Match[str]) -> str:
        target = normpath(f"{here}/{link[2]}")
        if target.startswith("docs/"):
            return link[0]
        if not (ROOT / target).exists():
            raise PluginError(f"{page.file.src_uri} links to {target}, which does not exist.")
        return link[1]

    return LEAVING.sub(words, markdown)


def _expanded(entry: Any, docs: Path) -> Any:
    if isinstance(entry, dict):
        [(title, below)] = entry.items()
        below = _expanded(_pages(below, docs) if _is_folder(below) else below, docs)
        return {title: below} if below else None
    if isinstance(entry, list):
        flat = [
            one for item in entry for one in (_pages(item, docs) if _is_folder(item) else [item])
        ]
        return [one for item in flat if (one := _expanded(item, docs))]
    return entry


def _is_folder(entry: Any) -> bool:
    return isinstance(entry, str) and entry.endswith("/*.md")


def _pages(entry: str, docs: Path) -> list[str]:
    found = sorted(docs.glob(entry), key=lambda path: (path.name != "README.md", path.name))
    return [path.relative_to(docs).as_posix() for path in found]
