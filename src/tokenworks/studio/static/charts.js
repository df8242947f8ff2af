// The report of the chosen tokenizers, made by the server and shown in a frame.
import * as server from "./server.js";

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const find = (id) => document.getElementById(id);

export class Charts {
  /** @param ask gives what to compare; @param trouble tells of a failure */
  constructor(ask, trouble) {
    this.ask = ask;
    this.trouble = trouble;
    this.running = null;
    this.buttons = document.querySelectorAll("[data-report]");
    for (const button of this.buttons) button.addEventListener("click", () => this.make(button.dataset.report));
    find("stop").addEventListener("click", () => { if (this.running) server.cancel(this.running).catch(this.trouble); });
    const frame = find("report");
    frame.addEventListener("load", () => {
      const page = frame.contentDocument?.documentElement;
      if (!page || frame.hidden) return;
      const fit = () => { frame.style.height = `${page.querySelector("body").offsetHeight + 4}px`; };
      fit();
      new ResizeObserver(fit).observe(page.querySelector("body"));
    });
  }

  busy(on) {
    for (const button of this.buttons) button.disabled = on;
    for (const id of ["stop", "progress"]) find(id).hidden = !on;
    if (on) find("progress").value = 0;
  }

  async make(kind) {
    this.busy(true);
    this.trouble(null);
    try {
      let job = await server.report(this.ask(kind));
      this.running = job.id;
      while (!job.ready && !job.error) {
        await wait(150);
        job = await server.progress(job.id);
        find("progress").value = job.progress;
      }
      if (job.ready) this.show(job.id);
      else if (job.error !== "cancelled") throw new Error(job.error);
    } catch (error) {
      this.trouble(error);
    }
    this.running = null;
    this.busy(false);
  }

  show(id) {
    const frame = find("report");
    frame.hidden = false;
    frame.src = `report/${id}`;
    find("report-open").href = find("report-save").href = `report/${id}`;
    find("report-links").hidden = false;
  }
}
