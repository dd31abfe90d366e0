"use strict";
(() => {
  const all = (wanted, within = document) => Array.from(within.querySelectorAll(wanted));

  // controls that need this script are hidden in the page itself: without it nothing promises what it cannot do
  for (const shown of all("[data-needs-script]")) shown.hidden = false;

  for (const button of all("button[data-copies]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copies);
      const said = button.textContent;
      try {
        await navigator.clipboard.writeText(source.textContent);
      } catch {
        const range = document.createRange();
        range.selectNodeContents(source);
        const chosen = getSelection();
        chosen.removeAllRanges();
        chosen.addRange(range);
        document.execCommand("copy");
      }
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = said; }, 1500);
    });
  }

  for (const filter of all("[data-filters]")) {
    const rows = all("[data-row]", document.getElementById(filter.dataset.filters));
    const typed = filter.querySelector("input");
    const chips = all("button[data-is]", filter);
    const shown = filter.querySelector("[role=status]");
    const apply = () => {
      const wanted = typed ? typed.value.trim().toLowerCase() : "";
      const pressed = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.is);
      let left = 0;
      for (const row of rows) {
        const fits = row.textContent.toLowerCase().includes(wanted) && (!pressed.length || pressed.includes(row.dataset.is));
        row.hidden = !fits;
        left += fits ? 1 : 0;
      }
      shown.textContent = shown.dataset.says.replace("{n}", left).replace("{of}", rows.length);
    };
    if (typed) typed.addEventListener("input", apply);
    for (const chip of chips) {
      chip.addEventListener("click", () => {
        chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") === "true" ? "false" : "true");
        apply();
      });
    }
    apply();
  }

  // what a link or the printer needs is opened
  const open = () => {
    const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    const folded = target ? target.closest("details") : null;
    if (folded && !folded.open) {
      folded.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  addEventListener("beforeprint", () => { for (const folded of all("details")) folded.open = true; });
  open();
})();
