// One tokenizer: its figures, its price, and its tokens.
import { TokenView } from "./token_view.js";

const whole = new Intl.NumberFormat("en");
const money = (value) => (value === 0 ? "0" : value >= 1 ? value.toFixed(2) : value.toPrecision(3));

export function element(tag, properties = {}, ...inside) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...inside);
  return node;
}

export class Card {
  constructor(name, colour, { pick, remove, price }) {
    this.name = name;
    this.price = null;
    this.colour = colour;
    this.dot = element("i", { className: `dot c${colour}` });
    this.about = element("span", { className: "soft" });
    this.count = element("b", { className: "number", textContent: "–" });
    this.rate = element("span", { className: "soft number" });
    this.more = element("span", { className: "number more" });
    this.fill = element("span", { className: `c${colour}` });
    this.cost = element("output", { className: "number" });
    const label = `price of a million tokens under ${name}`;
    const field = element("input", { type: "number", min: 0, max: 1e9, step: "any", placeholder: "0.00", ariaLabel: label });
    field.addEventListener("input", () => {
      this.price = field.value !== "" && field.validity.valid ? Number(field.value) : null;
      this.showCost();
      price();
    });
    const close = element("button", { type: "button", className: "close", ariaLabel: `Remove ${name}`, title: "Remove", textContent: "×" });
    close.addEventListener("click", () => remove(this));
    this.problem = element("p", { className: "bad", hidden: true });
    this.losses = element("p", { className: "loss", hidden: true });
    this.cutOff = element("p", { className: "soft small", hidden: true });
    this.box = element("div", { className: "text tokens", tabIndex: 0, role: "group" });
    this.view = new TokenView(this.box, (index, tell) => pick(this, index, tell));
    this.node = element(
      "article", { className: "panel one" },
      element("div", { className: "title" }, element("h2", {}, this.dot, name), this.about, close),
      element("p", { className: "figures" }, this.count, element("span", { textContent: " tokens " }), this.rate),
      element("div", { className: "compare" }, element("span", { className: "meter" }, this.fill), this.more),
      element("div", { className: "price" }, element("label", {}, "Price of 1M tokens ", field), this.cost),
      this.problem, this.losses, this.box, this.cutOff,
    );
    this.node.dataset.name = name;
  }

  show(found, size, view, marks) {
    this.found = found;
    this.keeps(null);
    this.problem.hidden = !found.error;
    this.problem.textContent = found.error ?? "";
    if (found.error) {
      this.tokens = null;
      this.count.textContent = "–";
      this.rate.textContent = this.cutOff.textContent = "";
      this.view.clear();
    } else {
      this.tokens = found.tokens;
      this.about.textContent = `${found.model}, ${whole.format(found.size)}`;
      this.count.textContent = whole.format(found.tokens);
      this.rate.textContent = found.tokens ? `${(size.bytes / found.tokens).toFixed(2)} bytes each` : "";
      this.view.show(found, view, marks);
      const rest = size.text.length - found.pieces.reduce((sum, piece) => sum + piece.length, 0);
      this.cutOff.textContent = rest > 0 ? `${whole.format(rest)} further characters are counted, and not shown.` : "";
    }
    this.cutOff.hidden = !this.cutOff.textContent;
    this.box.ariaLabel = `Tokens of ${this.name}; arrow keys walk through them, Enter tells of one`;
    this.showCost();
  }

  // What the text loses: counts of such a tokenizer look better than they are.
  keeps(found) {
    const said = [];
    if (found?.unknown) said.push(`${whole.format(found.unknown)} unknown token${found.unknown === 1 ? "" : "s"}`);
    if (found && found.same === false) said.push(`decoding gives another text: “${found.got}” for “${found.wanted}”`);
    this.losses.textContent = said.join("; ");
    this.losses.hidden = !said.length;
  }

  redraw(view, marks) {
    if (this.found && !this.found.error) this.view.show(this.found, view, marks);
  }

  against(fewest, most) {
    const counted = this.tokens !== null && this.tokens !== undefined && most > 0;
    this.fill.style.width = counted ? `${(100 * this.tokens) / most}%` : "0";
    const over = counted && fewest > 0 ? this.tokens / fewest - 1 : 0;
    this.more.textContent = !counted ? "" : over > 0 ? `+${(100 * over).toFixed(over < 0.095 ? 1 : 0)} %` : "fewest";
  }

  showCost() {
    const known = this.price !== null && this.tokens !== null && this.tokens !== undefined;
    this.cost.textContent = known ? `this text ${money((this.price * this.tokens) / 1e6)}` : "";
  }
}
