// The page: the text, the chosen tokenizers, and one request at a time for their cuts.
import { Card, element } from "./card.js";
import { Charts } from "./charts.js";
import { Details } from "./details.js";
import * as server from "./server.js";

const COLOURS = 12;
const PAUSE = 500; // milliseconds without typing
const find = (id) => document.getElementById(id);
const text = find("text");
const cards = [];
let known = [];
let limits = {};
let running = false;
let again = false;
let pause = 0;

function trouble(error) {
  const place = find("trouble");
  place.hidden = !error;
  place.textContent = error ? error.message : "";
}

const view = () => document.querySelector("input[name=view]:checked").value;
const specials = () => (find("specials").checked ? "allow" : "text");
const marks = () => find("marks").checked;
const redraw = () => {
  find("cards").dataset.view = view();
  for (const card of cards) card.redraw(view(), marks());
};

// Cut the text with every tokenizer. While an answer is awaited further keystrokes only note that the
// text has changed, so that answers never overtake each other.
async function refresh() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  do {
    again = false;
    await once();
  } while (again);
  running = false;
  clearTimeout(pause);
  pause = setTimeout(check, PAUSE);
}

// Once nothing has been typed for a moment: does every tokenizer give the text back?
async function check() {
  const asked = { text: text.value, tokenizers: cards.map((card) => card.name), specials: specials() };
  try {
    const { results } = await server.check(asked);
    if (running || asked.text !== text.value) return;
    for (const one of results) cards.find((card) => card.name === one.name)?.keeps(one);
    document.dispatchEvent(new CustomEvent("checked", { detail: asked.text }));
  } catch {
    // What is wrong with the request has been told when the text was cut.
  }
}

async function once() {
  const given = text.value;
  const asked = { text: given, tokenizers: cards.map((card) => card.name), specials: specials(), bytes: view() === "bytes" };
  try {
    const found = await server.cut(asked);
    const size = { bytes: found.bytes, text: given };
    for (const one of found.results) cards.find((card) => card.name === one.name)?.show(one, size, view(), marks());
    measure(found, given);
    trouble(null);
  } catch (error) {
    trouble(error);
  }
  document.dispatchEvent(new CustomEvent("cut", { detail: given }));
}

function measure(found, given) {
  const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const words = given.match(/\S+/g)?.length ?? 0;
  const parts = [count(found.characters, "character"), count(found.bytes, "byte"), count(words, "word")];
  if (found.replaced) parts.push(`${count(found.replaced, "lone surrogate")} taken as U+FFFD`);
  find("size").textContent = parts.join(", ");
  const counts = cards.map((card) => card.tokens).filter((n) => n !== null && n !== undefined);
  for (const card of cards) card.against(Math.min(...counts), Math.max(...counts));
}

function choose(name) {
  if (cards.some((card) => card.name === name)) return;
  const taken = new Set(cards.map((card) => card.colour));
  let colour = 0;
  while (taken.has(colour) && colour < COLOURS - 1) colour += 1;
  const card = new Card(name, colour, { pick, remove: unchoose, price: () => {} });
  cards.push(card);
  find("cards").append(card.node);
  offer();
}

async function unchoose(card) {
  cards.splice(cards.indexOf(card), 1);
  card.node.remove();
  details.hide();
  const about = known.find((one) => one.name === card.name);
  if (about?.dropped) {
    known = known.filter((one) => one !== about);
    await server.remove(card.name).catch(trouble);
  }
  offer();
  refresh();
}

// What can still be added.
function offer() {
  const chosen = new Set(cards.map((card) => card.name));
  const options = known
    .filter((one) => !chosen.has(one.name) && !one.aliases.some((alias) => chosen.has(alias)))
    .map((one) => element("option", { value: one.name, textContent: one.aliases.length ? `${one.name} (${one.aliases.join(", ")})` : one.name }));
  find("more").replaceChildren(find("more").firstElementChild, ...options);
  find("none").hidden = cards.length > 0;
}

function pick(card, index, tell) {
  const span = card.view.span(index);
  for (const one of cards) one.view.mark(span);
  find("said").textContent = `${JSON.stringify(card.view.pieces[index])}, id ${card.view.ids[index]}`;
  if (tell || !find("details").hidden) details.show(card, index);
}

const details = new Details(find("details"));
details.closed = () => { for (const card of cards) card.view.unmark(); };

async function takeIn(files) {
  trouble(null);
  for (const file of files) {
    try {
      if (file.size > limits.max_file) throw new Error(`${file.name} is larger than ${limits.max_file.toLocaleString("en")} bytes; name its path where the studio is started: tokenworks studio PATH`);
      const about = await server.drop(file);
      known.push(about);
      choose(about.name);
      await refresh();
    } catch (error) {
      trouble(error);
    }
  }
}

function listen() {
  text.addEventListener("input", refresh);
  find("specials").addEventListener("change", refresh);
  find("marks").addEventListener("change", redraw);
  for (const one of document.querySelectorAll("input[name=view]")) {
    one.addEventListener("change", () => (one.value === "bytes" ? refresh().then(redraw) : redraw()));
  }
  find("more").addEventListener("change", (event) => {
    if (event.target.value) choose(event.target.value);
    refresh();
  });
  find("browse").addEventListener("click", () => find("file").click());
  find("file").addEventListener("change", (event) => takeIn([...event.target.files]).then(() => { event.target.value = ""; }));
  const files = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => { if (files(event)) { event.preventDefault(); find("over").hidden = false; } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) find("over").hidden = true; });
  addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    find("over").hidden = true;
    takeIn([...event.dataTransfer.files]);
  });
}

async function begin() {
  const found = await server.start();
  known = found.tokenizers;
  limits = found;
  for (const sample of found.samples) {
    const button = element("button", { type: "button", textContent: sample.name });
    button.addEventListener("click", () => {
      text.value = sample.text;
      refresh();
    });
    find("samples").append(button);
  }
  text.value ||= found.samples[0].text;
  for (const name of found.chosen) choose(name);
  listen();
  new Charts((kind) => {
    const prices = cards.filter((card) => card.price !== null).map((card) => [card.name, card.price]);
    return { tokenizers: cards.map((card) => card.name), prices: Object.fromEntries(prices), text: kind === "text" ? text.value : null };
  }, trouble);
  await refresh();
  document.documentElement.dataset.ready = "";
}

begin().catch(trouble);
