// What a clicked token is: its bytes, its id, and the merges that make it.
import { element } from "./card.js";
import { explain } from "./server.js";

const shown = (text) => text.replace(/[ \n\t\r]/g, (c) => ({ " ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍" })[c]);
const code = (text) => element("code", { textContent: shown(text) });

export class Details {
  constructor(panel) {
    this.panel = panel;
    this.asked = 0;
    this.back = null;
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.hide(); });
  }

  hide() {
    if (this.panel.hidden) return;
    this.asked += 1;
    this.panel.hidden = true;
    document.body.classList.remove("telling");
    this.back?.focus({ preventScroll: true });
    this.closed?.();
  }

  async show(card, index) {
    const asked = (this.asked += 1);
    const ids = [card.view.ids[index]].flat();
    const piece = card.view.pieces[index];
    let body;
    try {
      const { tokens } = await explain(card.name, ids.slice(0, 64));
      body = tokens.map((token) => this.token(token));
    } catch (error) {
      body = [element("p", { className: "bad", textContent: error.message })];
    }
    if (asked !== this.asked) return; // another token was clicked meanwhile
    this.back = card.box;
    const close = element("button", { type: "button", className: "close", ariaLabel: "Close", title: "Close (Esc)", textContent: "×" });
    close.addEventListener("click", () => this.hide());
    const before = card.view.ids.slice(0, index).flat().length;
    const number = (value) => value.toLocaleString("en");
    const which = `token ${number(before + 1)}${ids.length > 1 ? ` to ${number(before + ids.length)}` : ""} of ${number(card.tokens)}`;
    const title = element(
      "div", { className: "title" },
      element("h2", {}, element("i", { className: `dot c${card.colour}` }), card.name), element("span", { className: "soft", textContent: which }), close,
    );
    const several = ids.length > 1
      ? [element("p", { className: "soft", textContent: `${ids.length} tokens make up ${JSON.stringify(piece)}, and end inside a character.` })] : [];
    this.panel.replaceChildren(title, ...several, ...body);
    this.panel.hidden = false;
    document.body.classList.add("telling");
    // The panel must not lie on the token that it tells of.
    const hidden = card.view.node(index)?.getBoundingClientRect().bottom - this.panel.getBoundingClientRect().top;
    if (hidden > -8) scrollBy(0, hidden + 24);
  }

  token(token) {
    const facts = element(
      "dl", {},
      element("dt", { textContent: "text" }), element("dd", {}, code(token.text)),
      element("dt", { textContent: "id" }), element("dd", { className: "number", textContent: token.id }),
      element("dt", { textContent: "bytes" }), element("dd", {}, element("code", { textContent: token.bytes || "none" })),
      element("dt", { textContent: "kind" }), element("dd", { textContent: token.note }),
    );
    return element("div", { className: "token" }, facts, ...(token.steps.length ? [this.steps(token)] : []));
  }

  steps(token) {
    const rows = token.steps.map((step, at) =>
      element(
        "tr", {},
        element("td", { textContent: at + 1 }),
        element("td", { className: "left" }, code(step.left), " + ", code(step.right)),
        element("td", { className: "left" }, "→ ", code(step.result)),
        element("td", { textContent: step.rank.toLocaleString("en") }),
      ));
    const start = element("p", { className: "soft" }, "begins as ");
    token.start.forEach((symbol) => start.append(code(symbol), " "));
    const head = element("thead", {}, element(
      "tr", {}, element("th", { textContent: "step" }), element("th", { className: "left", textContent: "merge" }),
      element("th", { className: "left", textContent: "gives" }), element("th", { textContent: "rank" })));
    return element("div", { className: "steps" }, start,
      element("div", { className: "scroll" }, element("table", {}, head, element("tbody", {}, ...rows))));
  }
}
