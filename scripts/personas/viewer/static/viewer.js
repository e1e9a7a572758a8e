"use strict";
// What a page does by itself: parts that are asked for again, forms that need no button, keys.

for (const part of document.querySelectorAll("[data-refresh]")) {
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(part.dataset.refresh).catch(() => null);
    const text = answer?.ok ? await answer.text() : null;
    if (text === null || text === part.dataset.last) return;
    const opened = part.querySelector("details")?.open;
    if (part.dataset.last !== undefined) {
      part.innerHTML = text; // written by our server, texts escaped
      if (opened) part.querySelector("details")?.setAttribute("open", "");
    }
    part.dataset.last = text;
  }, 5000);
}

for (const form of document.querySelectorAll("form.filters")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
  });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  if (event.key === "/") {
    const field = document.querySelector("input[type=search]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  }
});
