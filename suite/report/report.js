// Sorts and filters the tables of a report, copies commands, and opens what a link leads into. Without it all reads.
"use strict";
(() => {
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // What a cell is sorted by: a number where it shows one, else its first words; what was not measured comes last.
  const value = (cell) => {
    if (!cell) return null;
    if (cell.dataset.sort !== undefined) return Number(cell.dataset.sort);
    const first = cell.querySelector(".status, a") || cell.firstChild;
    const text = (first ? first.textContent : "").trim();
    if (text === "" || text === "\u2013") return null;
    const number = /^[<+]?\s*[-\u2212]?[\d,]*\.?\d+(?:e[-+]?\d+)?(?=$|[\s%\u00d7])/i.exec(text);
    return number ? Number(number[0].replace(/[,<+\s]/g, "").replace("\u2212", "-")) : text.toLowerCase();
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    const headings = [...table.tHead.rows[0].cells];
    const original = [...body.rows];
    headings.forEach((heading, column) => {
      const button = make("button", { type: "button", title: heading.title });
      button.append(...heading.childNodes);
      heading.removeAttribute("title");
      heading.append(button);
      heading.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const now = heading.getAttribute("aria-sort");
        const next = { none: "ascending", ascending: "descending", descending: "none" }[now];
        headings.forEach((other) => other.setAttribute("aria-sort", "none"));
        heading.setAttribute("aria-sort", next);
        const direction = next === "descending" ? -1 : 1;
        const rows = original.map((row) => [row, value(row.cells[column])]);
        if (next !== "none") {
          rows.sort(([, a], [, b]) => {
            if (a === null || b === null) return (a === null) - (b === null);
            return direction * compare(a, b);
          });
        }
        body.append(...rows.map(([row]) => row));
      });
    });
  };

  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows];
    const count = make("span", { className: "found", role: "status" });
    const field = make("input", { type: "search", autocomplete: "off", spellcheck: false });
    const name = make("span", { className: "unseen", textContent: ` of the table: ${table.caption.textContent}` });
    const label = make("label", { className: "filter" }, make("span", {}, "Filter rows", name), field, count);
    let texts = null;
    field.addEventListener("input", () => {
      texts = texts || rows.map((row) => row.textContent.toLowerCase());
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, index) => {
        row.hidden = !words.every((word) => texts[index].includes(word));
        shown += row.hidden ? 0 : 1;
      });
      count.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
    });
    table.parentElement.before(label);
  };

  for (const table of document.querySelectorAll("table.sorted")) {
    if (table.tBodies[0].rows.length < 2) continue;
    sortable(table);
    if (table.tBodies[0].rows.length > 5) filterable(table);
  }

  const copied = (button, code) => {
    const select = () => getSelection().selectAllChildren(code);
    const say = (text) => { button.textContent = text; };
    if (!navigator.clipboard) { select(); say("Selected"); return; }
    navigator.clipboard.writeText(code.textContent).then(() => say("Copied"), () => { select(); say("Selected"); });
  };
  for (const list of document.querySelectorAll(".cells")) {
    // The buttons are made when they are seen: there may be thousands.
    list.closest("details").addEventListener("toggle", () => {
      for (const code of list.querySelectorAll("code.command:not(.ready)")) {
        code.classList.add("ready");
        const label = `Copy the command of ${code.closest("li").dataset.cell}`;
        const button = make("button", { type: "button", className: "copy", textContent: "Copy", ariaLabel: label });
        button.addEventListener("click", () => { button.removeAttribute("aria-label"); copied(button, code); });
        code.after(button);
      }
    });
  }

  const reveal = () => {
    let element = null;
    try { element = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!element) return;
    for (let at = element.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    element.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
