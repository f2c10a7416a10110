// The desk's dialogs in place, running clocks, and menus that close. Without it every button is a
// page of its own and everything still works.
"use strict";
(() => {
  const box = document.createElement("dialog");
  box.className = "desk";
  box.setAttribute("aria-labelledby", "dialog-title");
  let isBusy = false;

  const ask = async (url, options = {}) => {
    if (isBusy) return;
    isBusy = true;
    try {
      const answer = await fetch(url, {
        credentials: "same-origin", ...options, headers: { "X-Dialog": "1" },
      });
      const to = answer.headers.get("X-Location");
      if (to) return follow(to);
      const html = await answer.text();
      // Logged out, gone, or broken: let the browser show what the server says; but what was typed
      // stays.
      if (!answer.redirected && html.includes("data-in-place")) show(html);
      else if (!options.method) location.assign(url);
      else if (answer.redirected || answer.status === 403) tell("You are not logged in any more, or as somebody else. What you typed is still here: log in again in another tab, then send it again.");
      else tell("The desk could not take this just now. What you typed is still here; try again.");
    } catch {
      if (options.method) tell("No connection. What you typed is still here; send it again.");
      else location.assign(url);
    } finally {
      isBusy = false;
      box.removeAttribute("aria-busy");
    }
  };

  const tell = (words) => {
    const said = box.querySelector("[data-told]") || document.createElement("p");
    said.className = "banner w";
    said.dataset.told = "";
    said.setAttribute("role", "alert");
    said.textContent = words;
    box.firstElementChild.prepend(said);
    box.scrollTop = 0;
  };

  const follow = (to) => {
    const there = new URL(to, location.href);
    // Back on the page it came from: stay on the chosen tab.
    if (there.pathname === location.pathname && !there.search) location.reload();
    else location.assign(there);
  };

  const show = (html) => {
    if (!box.isConnected) document.body.append(box);
    const chosen = box.querySelector("input[type=file]");
    box.innerHTML = html;
    // Refused for another reason: what was chosen stays chosen.
    const file = chosen && box.querySelector("input[type=file]");
    if (file) file.files = chosen.files;
    if (!box.open) box.showModal();
    box.scrollTop = 0;
    const first = box.querySelector("[role=alert]") ||
      box.querySelector("input:not([type=hidden]), select, textarea") ||
      box.querySelector("button[type=submit]");
    if (first) first.focus();
  };

  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    const link = event.target.closest("a");
    document.querySelectorAll("details.more[open]").forEach((menu) => {
      if (!menu.contains(event.target) || event.target.closest("a, button")) menu.open = false;
    });
    if (!link || !plain) return;
    if (link.hasAttribute("data-copy") && navigator.clipboard) {
      event.preventDefault();
      const words = link.dataset.words ||= link.textContent;
      navigator.clipboard.writeText(link.href).then(() => {
        link.textContent = "copied";
        setTimeout(() => { link.textContent = words; }, 1200);
      }, () => location.assign(link.href));
      return;
    }
    if (link.hasAttribute("data-dialog")) {
      event.preventDefault();
      ask(link.href);
    } else if (link.hasAttribute("data-close") && box.contains(link)) {
      event.preventDefault();
      box.close();
    }
  });

  // A file that would be refused is not sent at all.
  const isTooLarge = (form) => {
    const field = form.querySelector("input[type=file][data-most]");
    const file = field && field.files[0];
    if (!file || file.size <= Number(field.dataset.most)) return false;
    const said = field.parentElement.querySelector(".wrong") || document.createElement("span");
    said.className = "wrong";
    said.setAttribute("role", "alert");
    said.textContent = field.dataset.refusal;
    field.after(said);
    field.focus();
    return true;
  };

  // The frame writes a chosen file's name over the first text field; here that field is its title.
  document.addEventListener("change", (event) => {
    if (event.target.matches(".desk input[type=file]")) event.stopPropagation();
  }, true);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (isTooLarge(form)) {
      event.preventDefault();
    } else if (form.closest("dialog.desk")) {
      event.preventDefault();
      const data = new FormData(form, event.submitter);
      const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
      box.setAttribute("aria-busy", "true");
      ask(form.getAttribute("action"), { method: "POST", body });
    } else if (form.hasAttribute("data-download")) {
      // The page stays; the button does too.
    } else if (form.closest(".desk")) {
      // One click, one post; once it is on its way, for the button that was pressed goes along.
      setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
    }
  });

  // What follows from an evaluation is asked anew whenever an answer changes; it changes nothing.
  let asked;
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    const part = form && form.querySelector("[data-follows]");
    if (!part) return;
    if (asked) asked.abort();
    asked = new AbortController();
    const said = new FormData(form);
    [...said.keys()].filter((name) => /csrf|reason|_basis/.test(name)).forEach((name) => said.delete(name));
    part.setAttribute("aria-busy", "true");
    fetch(`${part.dataset.follows}?${new URLSearchParams(said)}`, {
      credentials: "same-origin", headers: { "X-Dialog": "1" }, signal: asked.signal,
    }).then(async (answer) => {
      if (answer.ok && !answer.redirected) part.innerHTML = await answer.text();
      part.removeAttribute("aria-busy");
    }).catch((error) => {  // offline: what stands there stays; or asked again already
      if (error.name !== "AbortError") part.removeAttribute("aria-busy");
    });
  });
  // Another kind of notice begins with its own template: the form is asked for anew, with what was
  // typed. The button that does so without a script stands above the fields.
  document.addEventListener("change", (event) => {
    const form = event.target.matches("form.dialog [name=kind]") && event.target.form;
    const again = form && form.querySelector(`button[name=again][value="${CSS.escape(event.target.value)}"]`);
    if (!again) return;
    form.requestSubmit(again);
    // What is typed until the answer is here would be lost.
    form.querySelectorAll("textarea, select, input:not([type=hidden])").forEach((field) => { field.disabled = true; });
  });
  // What searches in a choice of several has the name of the choice; the frame makes it after this.
  addEventListener("load", () => setTimeout(() => {
    document.querySelectorAll(".select2-search__field:not([aria-label])").forEach((field) => {
      const label = field.closest(".select2")?.previousElementSibling?.labels?.[0];
      field.setAttribute("aria-label", label ? label.textContent.trim() : "Search");
    });
  }));
  // A list's form: filters lie open where there is room, what is empty stays out of the address,
  // and names that fit are offered while one types.
  addEventListener("DOMContentLoaded", () => {
    if (!matchMedia("(min-width: 641px)").matches) return;
    document.querySelectorAll("details[data-wide-open]").forEach((filters) => { filters.open = true; });
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.closest(".finder")) return;
    event.target.querySelectorAll("input, select").forEach((field) => {
      if (!field.value) field.disabled = true;
    });
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll(".finder :is(input, select, button)").forEach((field) => { field.disabled = false; });
  });
  let looked = 0;
  document.addEventListener("input", async (event) => {
    const field = event.target;
    if (!field.dataset.names) return;
    const number = looked += 1;
    try {
      const answer = await fetch(`${field.dataset.names}?${new URLSearchParams({ q: field.value })}`);
      if (!answer.ok || answer.redirected || number !== looked) return;
      const { names } = await answer.json();
      const id = `names-${field.name}`;
      const list = document.getElementById(id) || document.createElement("datalist");
      list.id = id;
      list.replaceChildren(...names.map((name) => new Option(name, name)));
      if (!list.isConnected) field.after(list);
      field.setAttribute("list", id);
    } catch {
      // No connection: the field takes what is typed.
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.more[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    document.querySelectorAll("[data-due]").forEach((clock) => {
      const left = Math.floor((new Date(clock.dataset.due) - Date.now()) / 1000);
      const shown = Math.abs(left);
      const words = `${Math.floor(shown / 3600)}:${two(Math.floor(shown / 60) % 60)}:${two(shown % 60)}`;
      clock.textContent = left < 0 ? `${words} late` : words;
      if (left < 0) clock.parentElement.className = "clock late";
      else if (new Date(clock.dataset.soon) <= Date.now()) clock.parentElement.className = "clock soon";
    });
  };
  setInterval(tick, 1000);
})();
