// Requests to the studio's own server. A refusal becomes an Error with the server's sentence.
async function ask(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The studio does not answer; has it been ended?");
  }
  let value = {};
  try {
    value = await reply.json();
  } catch {
    if (reply.ok) throw new Error("The studio's answer was cut off");
  }
  if (!reply.ok) throw new Error(value.error ?? `The studio answered ${reply.status}`);
  return value;
}

const json = (body) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

export const start = () => ask("api/start");
export const cut = (body) => ask("api/cut", json(body));
export const check = (body) => ask("api/check", json(body));
export const explain = (tokenizer, ids) => ask("api/token", json({ tokenizer, ids }));
export const report = (body) => ask("api/reports", json(body));
export const progress = (id) => ask(`api/reports/${id}`);
export const cancel = (id) => ask(`api/reports/${id}`, { method: "DELETE" });
export const remove = (name) => ask(`api/tokenizers/${encodeURIComponent(name)}`, { method: "DELETE" });
export const drop = (file) =>
  ask(`api/tokenizers?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: file,
  });
