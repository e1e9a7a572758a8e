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

const isTyping = (event) =>
  event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea");

document.addEventListener("keydown", (event) => {
  if (isTyping(event)) return;
  if (event.key === "/") {
    const field = document.querySelector("input[type=search]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  }
});

// Keys on a dialogue: to the next and the previous round, and its ratings.
document.addEventListener("keydown", (event) => {
  if (isTyping(event)) return;
  const rounds = [...document.querySelectorAll("article.round")];
  if (!rounds.length || !"jko".includes(event.key)) return;
  const now = rounds.indexOf(document.activeElement.closest("article.round"));
  if (event.key === "o") {
    const verdicts = [...(rounds[Math.max(now, 0)].querySelectorAll("details.verdict"))];
    const open = verdicts.some((verdict) => !verdict.open);
    for (const verdict of verdicts) verdict.open = open;
    return;
  }
  const next = rounds[Math.min(Math.max(now + (event.key === "j" ? 1 : -1), 0), rounds.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "start" });
});

// A branch is asked for when it is first opened.
for (const branch of document.querySelectorAll("details.branch")) {
  branch.addEventListener("toggle", async () => {
    for (const part of branch.open ? branch.querySelectorAll("[data-part]") : []) {
      const address = part.dataset.part;
      part.removeAttribute("data-part");
      const answer = await fetch(address).catch(() => null);
      if (!answer?.ok) continue; // the link is still there
      const box = document.createElement("div");
      box.innerHTML = await answer.text(); // written by our server, texts escaped
      part.append(box);
    }
  });
}

// A link to a round gives it the keys.
document.getElementById(location.hash.slice(1))?.focus({ preventScroll: true });

// The keys of labels press their buttons.
document.addEventListener("keydown", (event) => {
  if (isTyping(event)) return;
  document.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
});
