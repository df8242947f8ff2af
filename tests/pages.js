// What a page must not hold; each function lists what it found.
({
  // Text whose contrast with what lies behind it is below WCAG's 4.5 (3 for large text).
  faint: () => {
    const parse = (value) => {
      const found = value.match(/[\d.]+/g).map(Number);
      return value.startsWith("color(srgb") ? [...found.slice(0, 3).map((v) => 255 * v), found[3] ?? 1]
        : [found[0], found[1], found[2], found[3] ?? 1];
    };
    const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
    const light = (c) => {
      const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (node) => {
      const layers = [];
      for (let at = node; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour[3] > 0 && !(at instanceof SVGElement)) layers.push(colour);
        if (colour[3] === 1) break;
      }
      return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
    };
    const found = [];
    for (const node of document.querySelectorAll("body *")) {
      const text = [...node.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join("").trim();
      if (!text || ["STYLE", "SCRIPT", "TITLE", "title", "NOSCRIPT", "OPTION"].includes(node.tagName)) continue;
      if (node.matches(":disabled") || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      const box = node.getBoundingClientRect();
      if (box.width < 2 || box.height < 2) continue;
      const style = getComputedStyle(node);
      const back = behind(node);
      const ink = over(parse(node instanceof SVGElement ? style.fill : style.color), back);
      const [a, b] = [light(ink.slice(0, 3)), light(back.slice(0, 3))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      if (ratio < (large ? 3 : 4.5)) found.push(`${text.slice(0, 40)} (${node.className}): ${ratio.toFixed(2)}`);
    }
    return found;
  },

  // Charts that take no room, or have no words for those who do not see them.
  mute: () => [...document.querySelectorAll("svg, [role=img]")].filter((chart) => {
    if (!chart.checkVisibility() || chart.closest("[aria-hidden=true]")) return false;
    const box = chart.getBoundingClientRect();
    return box.width < 20 || box.height < 8 || !(chart.getAttribute("aria-label") ?? "").trim();
  }).map((chart) => chart.outerHTML.slice(0, 200)),

  // Elements that stick out of the screen to the side, and are in nothing that scrolls.
  wide: () => {
    const room = document.documentElement.clientWidth;
    const scrolls = (node) => {
      for (let at = node.parentElement; at; at = at.parentElement) {
        if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(at).overflowX)) return true;
      }
      return false;
    };
    return [...document.querySelectorAll("body *")]
      .filter((node) => node.checkVisibility() && node.getBoundingClientRect().right > room + 1 && !scrolls(node))
      .map((node) => `${node.tagName} ${node.className} ${node.textContent.slice(0, 40)}`);
  },

  // Controls without a name that a screen reader could say.
  nameless: () => [...document.querySelectorAll("button, input, select, textarea, a[href], iframe")]
    .filter((node) => node.checkVisibility() && !(
      node.textContent.trim() || node.getAttribute("aria-label") || node.title || node.labels?.length))
    .map((node) => node.outerHTML.slice(0, 120)),
})
