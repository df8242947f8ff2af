// The tokens of one text as coloured elements. Typing changes only the lines that differ: the rest of
// the page is neither made nor laid out anew.

const NAMED = new Map([[0x09, "⇥\t"], [0x0a, "↵\n"], [0x0d, "␍"], [0x7f, "␡"], [0xa0, "⍽"]]);
// Characters that cannot be seen, or that turn the direction of what follows them.
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/u;
const ALL_UNSEEN = new RegExp(UNSEEN.source, "gu");
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function spelled(character) {
  const code = character.codePointAt(0);
  if (NAMED.has(code)) return NAMED.get(code);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return `⟨${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

function visible(text, marks) {
  let shown = text;
  if (UNSEEN.test(shown)) {
    // Joiners and selectors do their work inside a token, and are spelled out where they are all of it.
    const alone = shown.replace(ALL_UNSEEN, "").trim() === "";
    shown = shown.replace(alone ? ALL_UNSEEN : TURNING, spelled);
    shown = shown.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, spelled);
  }
  shown = shown.replaceAll("\n", "↵\n");
  return marks ? shown.replaceAll(" ", "·").replaceAll("\t", "⇥\t") : shown;
}

const MANY = 1000; // tokens from which lines outside the screen are left out of layout and painting
const LONG = 1000; // characters that a line may have in any case

const hex = (digits) => digits.replace(/..(?=.)/g, "$& ");

export class TokenView {
  /** @param {HTMLElement} box where the tokens stand; @param pick called with the index of a token */
  constructor(box, pick) {
    this.box = box;
    this.pick = pick;
    this.pieces = [];
    this.ids = [];
    this.lines = []; // {node, from, to, key}
    this.mode = "";
    this.current = -1;
    this.marked = [];
    box.addEventListener("click", (event) => {
      const index = this.indexOf(event.target.closest("i"));
      if (index >= 0) this.select(index, true);
    });
    box.addEventListener("keydown", (event) => this.key(event));
  }

  show(found, view, marks) {
    const mode = `${view} ${marks}`;
    const lines = [];
    let from = 0;
    const close = (to) => {
      const ids = found.ids.slice(from, to);
      lines.push({ from, to, key: `${found.pieces.slice(from, to).join("\u0000")}\u0001${ids.join(" ")}` });
      from = to;
    };
    // A line ends behind a token that ends in a line feed: the block then breaks at the same place.
    // Very long lines are broken too, for laying one out takes as long as it is. Which token they are
    // broken at depends on the token itself, so that an edit does not move all later breaks.
    let length = 0;
    found.pieces.forEach((piece, at) => {
      length += piece.length;
      const apart = found.pieces[at + 1]?.startsWith(" ") && [found.ids[at]].flat()[0] % 8 === 0;
      if (piece.endsWith("\n") || (length > LONG && (apart || length > 3 * LONG))) {
        close(at + 1);
        length = 0;
      }
    });
    if (from < found.pieces.length) close(found.pieces.length);
    const same = (a, b) => mode === this.mode && a && b && a.key === b.key;
    let head = 0;
    while (head < lines.length && same(lines[head], this.lines[head])) head += 1;
    let tail = 0;
    const most = Math.min(lines.length, this.lines.length) - head;
    while (tail < most && same(lines.at(-1 - tail), this.lines.at(-1 - tail))) tail += 1;
    this.unmark();
    const old = this.lines.slice(head, this.lines.length - tail);
    const fresh = lines.slice(head, lines.length - tail);
    const make = (index) => this.element(found, index, view, marks);
    if (old.length === 1 && fresh.length === 1 && mode === this.mode) {
      this.mend(old[0], fresh[0], found, make);
    } else {
      const before = this.lines[this.lines.length - tail]?.node ?? null;
      for (const line of old) line.node.remove();
      const nodes = document.createDocumentFragment();
      for (const line of fresh) {
        line.node = document.createElement("div");
        line.node.dir = "auto";
        for (let at = line.from; at < line.to; at += 1) line.node.append(make(at));
        nodes.append(line.node);
      }
      this.box.insertBefore(nodes, before);
    }
    for (let at = 0; at < head; at += 1) lines[at].node = this.lines[at].node;
    for (let at = 1; at <= tail; at += 1) lines.at(-at).node = this.lines.at(-at).node;
    Object.assign(this, { lines, mode, pieces: found.pieces, ids: found.ids });
    this.ends = null;
    this.box.classList.toggle("many", this.pieces.length > MANY);
    if (this.current >= this.pieces.length) this.current = -1;
  }

  // One line into another: what both begin and end with stays.
  mend(old, line, found, make) {
    line.node = old.node;
    const same = (a, b) => this.pieces[a] === found.pieces[b] && String(this.ids[a]) === String(found.ids[b]);
    let head = 0;
    const most = Math.min(old.to - old.from, line.to - line.from);
    while (head < most && same(old.from + head, line.from + head)) head += 1;
    let tail = 0;
    while (tail < most - head && same(old.to - 1 - tail, line.to - 1 - tail)) tail += 1;
    const node = line.node;
    for (let count = old.to - old.from - head - tail; count > 0; count -= 1) node.childNodes[head].remove();
    const nodes = document.createDocumentFragment();
    for (let at = line.from + head; at < line.to - tail; at += 1) nodes.append(make(at));
    node.insertBefore(nodes, node.childNodes[head] ?? null);
  }

  element(found, index, view, marks) {
    const node = document.createElement("i");
    const ids = found.ids[index];
    const several = Array.isArray(ids);
    if (view === "ids") node.textContent = several ? ids.join(" ") : ids;
    else if (view === "bytes" && found.bytes) {
      node.textContent = (several ? ids : [ids]).map((id) => hex(found.bytes[id]) || "∅").join(" | ");
    } else node.textContent = visible(found.pieces[index], marks);
    if (several && view === "text") {
      node.className = "split";
      node.style.setProperty("--n", ids.length);
    }
    return node;
  }

  clear() {
    this.show({ pieces: [], ids: [] }, "text", false);
  }

  node(index) {
    const line = this.lines.find((one) => index < one.to);
    return line?.node.childNodes[index - line.from];
  }

  indexOf(node) {
    const line = node && this.lines.find((one) => one.node === node.parentNode);
    return line ? line.from + Array.prototype.indexOf.call(line.node.childNodes, node) : -1;
  }

  select(index, tell) {
    this.current = index;
    this.pick(index, tell);
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 }[event.key];
    const last = this.pieces.length - 1;
    if (last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    let next = this.current;
    if (step) next += step;
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = last;
    else if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    this.select(Math.max(0, Math.min(last, next)), event.key === "Enter" || event.key === " ");
    this.node(this.current)?.scrollIntoView({ block: "nearest" });
  }

  // Where token `index` stands in the text, in the units of JavaScript's strings.
  span(index) {
    this.ends ??= this.pieces.reduce((ends, piece) => (ends.push((ends.at(-1) ?? 0) + piece.length), ends), []);
    return [index ? this.ends[index - 1] : 0, this.ends[index]];
  }

  unmark() {
    for (const node of this.marked) node.classList.remove("on");
    this.marked = [];
  }

  // Bring forward the tokens that hold a part of this stretch of the text.
  mark([begin, end]) {
    this.unmark();
    for (let at = 0, place = 0; at < this.pieces.length && place < end; at += 1) {
      const next = place + this.pieces[at].length;
      if (next > begin) this.marked.push(this.node(at));
      place = next;
    }
    for (const node of this.marked) node.classList.add("on");
  }
}
