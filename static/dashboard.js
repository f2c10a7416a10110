// Keeps the dashboard fresh. Every 30 seconds, while somebody looks at it, the page is fetched and
// its changing parts are put in place. Without this script the page is as fresh as its last load.
(() => {
  "use strict";
  const EVERY = 30_000;
  let asked = Date.now();

  // Somebody reads or types in there: what is under the hand must not move.
  const isBusy = (shown) =>
    document.hidden ||
    document.querySelector("dialog[open]") !== null ||
    (shown.contains(document.activeElement) && document.activeElement !== document.body);

  const put = (fresh) => {
    for (const id of ["now", "as-of", "light"]) {
      const shown = document.getElementById(id);
      const next = fresh.getElementById(id);
      if (!shown || !next) return;
      for (const opened of shown.querySelectorAll("details[open]")) {
        next.querySelector("." + opened.className)?.setAttribute("open", "");
      }
      if (shown.outerHTML !== next.outerHTML) shown.replaceWith(next);
    }
    for (const shown of document.querySelectorAll("[data-waiting]")) {
      const next = fresh.querySelector(`[data-waiting="${shown.dataset.waiting}"]`);
      if (next && shown.outerHTML !== next.outerHTML) shown.replaceWith(next);
    }
  };

  // Nobody is there for as long as nothing is touched: asking alone keeps no session alive.
  let touched = Date.now();
  for (const kind of ["pointermove", "keydown", "scroll", "touchstart"]) {
    addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }

  const stale = (is) => {
    const said = document.getElementById("stale");
    if (said) said.hidden = !is;
  };

  const refresh = async () => {
    const shown = document.getElementById("now");
    if (!shown || isBusy(shown) || Date.now() - asked < EVERY) return;
    asked = Date.now();
    try {
      const headers = Date.now() - touched > 60_000 ? { "X-Poll": "1" } : {};
      const answer = await fetch(location.href, { credentials: "same-origin", headers });
      stale(answer.status >= 500);
      if (!answer.ok || answer.redirected) return; // logged out: the next click says so
      put(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      stale(true); // “as of” above says how old the page is
    }
  };

  setInterval(refresh, 1000);
  document.addEventListener("visibilitychange", refresh);
})();
