// Keeps an incident's page fresh. Every ten seconds, while somebody looks, the desk is asked whether
// the timeline grew; only then the page is fetched and its parts are put in place. What holds the
// focus stays as it is until the focus moves on, and what is being typed is never touched.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const EVERY = 10_000;
  const page = document.querySelector("[data-live-url]");
  if (!page) return;
  let shown = Number(page.dataset.sequence);
  let asked = Date.now();
  let isAsking = false;
  let touched = Date.now();
  const told = document.createElement("button");
  told.type = "button";
  told.className = "told";
  told.hidden = true;
  const said = document.createElement("p");
  said.className = "hidden-words";
  said.setAttribute("role", "status");
  page.append(said, told);

  const isHeld = (part) =>
    (part.contains(document.activeElement) && document.activeElement !== document.body) ||
    part.querySelector("details[open]") !== null;

  // True when every part is as fresh as the page that was fetched.
  const put = (fresh) => {
    let isWhole = true;
    for (const part of page.querySelectorAll("[data-part]")) {
      const next = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
      if (!next || part.innerHTML === next.innerHTML) continue;
      if (isHeld(part)) isWhole = false;
      else part.replaceWith(next);
    }
    return isWhole;
  };

  const mark = (before) => {
    for (const line of page.querySelectorAll("[data-entry]")) {
      line.classList.toggle("new", Number(line.dataset.entry) > before);
    }
  };

  const tell = (number) => {
    const words = number === 1 ? "1 new entry" : `${number} new entries`;
    said.textContent = `${words} on the timeline.`;
    told.textContent = words;
    told.hidden = false;
    setTimeout(() => { told.hidden = true; }, 12_000);
  };

  // Nobody is there for as long as nothing is touched: asking alone keeps no session alive.
  for (const kind of ["pointermove", "keydown", "scroll", "touchstart"]) {
    addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }
  const asking = () => ({
    credentials: "same-origin",
    headers: Date.now() - touched > 60_000 ? { "X-Poll": "1" } : {},
  });

  const loggedOut = () => {
    said.textContent = "You are logged out: this page is not fresh any more.";
    told.textContent = "You are logged out. Log in again";
    told.hidden = false;
    told.onclick = () => location.reload();
    clearInterval(round);
  };

  const refresh = async () => {
    if (isAsking || document.hidden || Date.now() - asked < EVERY) return;
    if (document.querySelector("dialog[open]")) return;
    isAsking = true;
    asked = Date.now();
    try {
      const answer = await fetch(`${page.dataset.liveUrl}?since=${shown}`, asking());
      if (answer.redirected) return loggedOut();
      if (answer.status !== 200) return; // nothing new
      const { sequence } = await answer.json();
      const whole = await fetch(location.href, asking());
      if (!whole.ok || whole.redirected) return;
      const isWhole = put(new DOMParser().parseFromString(await whole.text(), "text/html"));
      mark(shown);
      if (Number(page.dataset.told || 0) < sequence) tell(sequence - shown);
      page.dataset.told = sequence;
      if (isWhole) shown = sequence;
    } catch {
      // No connection: the next round asks again.
    } finally {
      isAsking = false;
    }
  };

  told.onclick = () => {
    told.hidden = true;
    const first = page.querySelector("[data-entry].new") || page.querySelector("[data-part=timeline]");
    if (first) first.scrollIntoView({ block: "center" });
    else location.assign(`${location.pathname}?tab=timeline`);
  };
  const round = setInterval(refresh, 1000);
  document.addEventListener("visibilitychange", refresh);
});
