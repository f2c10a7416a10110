// The desk by the keyboard: single letters, never while one types, and `?` shows them. They press
// what stands on the page, so a letter does what its button does and nothing where there is none.
"use strict";
(() => {
  const STORED = "desk-shortcuts-off";
  const LIST = "/admin/cases/incident/";
  const dialog = (...names) => names
    .map((name) => document.querySelector(`.desk.page a[data-dialog][href*="/do/${name}/"]`))
    .find(Boolean);
  const press = (found) => () => {
    const target = found();
    if (target) target.click();
    return Boolean(target);
  };
  const open = (href) => {
    const link = document.createElement("a");
    link.href = href;
    link.dataset.dialog = "";
    document.body.append(link);
    link.click();
    link.remove();
  };
  const next = () => document.querySelector(".desk.page .head .btns > a.btn.p");
  const write = () => document.querySelector(".desk.page form.post textarea");

  // Letter, words, whether it does something on this page, and what.
  const KEYS = [
    ["u", "Post an update", () => write() || dialog("post_update"), () => {
      const field = write();
      if (field) field.focus(); else press(() => dialog("post_update"))();
    }],
    ["m", "Next move", next, press(next)],
    ["t", "Tasks done", () => dialog("end_tasks"), press(() => dialog("end_tasks"))],
    ["e", "Evaluate", () => dialog("evaluate"), press(() => dialog("evaluate"))],
    ["n", "Declare an incident", () => true, () => open(`${LIST}do/declare/`)],
    ["/", "Search incidents", () => true, () => {
      const field = document.getElementById("searchbar");
      if (field) field.focus(); else location.assign(`${LIST}#searchbar`);
    }],
    ["g d", "Dashboard", () => true, () => location.assign("/admin/")],
    ["g i", "Incidents", () => true, () => location.assign(LIST)],
    ["?", "These shortcuts", () => true, () => show()],
  ];

  const isOff = () => { try { return localStorage.getItem(STORED) === "1"; } catch { return false; } };

  const show = () => {
    const box = document.createElement("dialog");
    box.className = "desk";
    box.setAttribute("aria-labelledby", "shortcuts-title");
    const rows = KEYS.filter(([, , applies]) => applies()).map(([keys, words]) =>
      `<dt>${keys.split(" ").map((key) => `<kbd>${key}</kbd>`).join(" then ")}</dt><dd>${words}</dd>`);
    box.innerHTML = `<div class="dialog"><h1 id="shortcuts-title">Keyboard shortcuts</h1>
      <dl class="keys">${rows.join("")}</dl>
      <label class="check"><input type="checkbox"${isOff() ? "" : " checked"}><span>Single letters work on this device</span></label>
      <footer><button class="btn" type="button">Close</button></footer></div>`;
    box.querySelector("input").addEventListener("change", (event) => {
      try {
        if (event.target.checked) localStorage.removeItem(STORED); else localStorage.setItem(STORED, "1");
      } catch { /* Nothing can be stored here: they stay on. */ }
    });
    box.querySelector("button").addEventListener("click", () => box.close());
    box.addEventListener("close", () => box.remove());
    document.body.append(box);
    box.showModal();
    box.querySelector("button").focus();
  };

  let first = "";
  let since = 0;
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    // For a moment after a dialog closed, the focus is still in it.
    const isTyped = !at.closest?.("dialog:not([open])")
      && (at.isContentEditable || /^(input|textarea|select)$/i.test(at.tagName));
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyped) return;
    if (document.querySelector("dialog[open]")) return;
    if (isOff() && event.key !== "?") return;
    const pressed = first && Date.now() - since < 1500 ? `${first} ${event.key}` : event.key;
    first = "";
    const found = KEYS.find(([keys, , applies]) => keys === pressed && applies());
    if (found) {
      event.preventDefault();
      found[3]();
    } else if (KEYS.some(([keys]) => keys.startsWith(`${event.key} `))) {
      first = event.key;
      since = Date.now();
    }
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-shortcuts]")) return;
    event.preventDefault();
    show();
  });
  // The search of Ctrl+K says what it takes before anything is typed.
  const hint = () => {
    const field = document.getElementById("search-input-command");
    const found = document.getElementById("command-results");
    if (!field || !found) return;
    field.placeholder = "The name of a page: notices, partners, playbooks…";
    found.innerHTML = `<p class="desk hint">Type the name of a page. Incidents are
      <a href="${LIST}#searchbar">searched in their list</a>; or go on with
      <a href="${LIST}?mine=1">those that you command</a>, <a href="${LIST}">all that are open</a>
      or <a href="${LIST}?overdue=1">those that are late</a>.</p>`;
  };

  addEventListener("DOMContentLoaded", () => {
    hint();
    if (location.hash === "#searchbar") document.getElementById("searchbar")?.focus();
    for (const [keys, , applies] of KEYS) {
      const target = applies();
      if (target instanceof Element) target.setAttribute("aria-keyshortcuts", keys);
    }
  });
})();
