
for (const plot of document.querySelectorAll("[data-plot]")) {
  const legend = plot.querySelector("[data-legend]");
  legend.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const other of legend.querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
    for (const mark of plot.querySelectorAll("circle.on")) mark.classList.remove("on");
    button.setAttribute("aria-pressed", String(on));
    plot.classList.toggle("picked", on);
    if (!on) return;
    for (const mark of plot.querySelectorAll("circle.n" + button.dataset.series)) {
      mark.classList.add("on");
      mark.parentNode.append(mark);
    }
  });
}
