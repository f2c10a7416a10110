// Keeps a form as it is typed. Without it the form has a button that does the same.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const QUIET = 1_500; // after so long without a key
  const form = document.querySelector("form[data-saves]");
  const said = document.getElementById("saved");
  if (!form || !said || !window.fetch) return;
  let waits = 0;
  let isLeaving = false;

  const save = async () => {
    const typed = new FormData(form);
    for (const input of form.querySelectorAll("input[type=file]")) typed.delete(input.name);
    // Saving claims nothing; only whose form it is goes along.
    typed.set("once", (typed.get("once") || "").replace(/^[^.]*/, ""));
    typed.set("quiet", "1");
    try {
      const answer = await fetch(form.dataset.saves, { method: "POST", body: typed });
      const isOurs = answer.ok && new URL(answer.url).pathname === form.dataset.saves;
      if (isLeaving) return;
      if (answer.status === 409) said.textContent = "Not saved: you work for another partner now; copy what you typed.";
      else said.textContent = isOurs ? await answer.text() : "Not saved: log in again in another tab, then go on here.";
    } catch {
      if (!isLeaving) said.textContent = "Not saved: no connection. What you typed is still here.";
    }
  };

  form.addEventListener("input", (event) => {
    if (event.target.type === "file") return;
    clearTimeout(waits);
    waits = setTimeout(save, QUIET);
  });
  form.addEventListener("submit", () => {
    isLeaving = true;
    clearTimeout(waits);
  });
});
