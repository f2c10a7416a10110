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
      // Logged out, gone, or broken: let the browser show what the server says.
      if (answer.redirected || ![200, 403, 422].includes(answer.status)) return location.assign(url);
      show(await answer.text());
    } catch {
      location.assign(url);
    } finally {
      isBusy = false;
    }
  };

  const follow = (to) => {
    const there = new URL(to, location.href);
    // Back on the page it came from: stay on the chosen tab.
    if (there.pathname === location.pathname) location.reload();
    else location.assign(there);
  };

  const show = (html) => {
    if (!box.isConnected) document.body.append(box);
    box.innerHTML = html;
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
      if (!menu.contains(event.target) || link) menu.open = false;
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

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.closest("dialog.desk")) {
      event.preventDefault();
      ask(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(form)) });
    } else if (form.closest(".desk")) {
      // One click, one post.
      form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
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
    });
  };
  setInterval(tick, 1000);
})();
