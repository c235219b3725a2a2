/* Asks the server about the page you are reading, and shows what the cache in front said. */
(async () => {
  const line = document.getElementById("cache");
  const answer = await fetch(location.href, { method: "HEAD", credentials: "same-origin" });
  const status = answer.headers.get("Cache-Status");
  if (!line || !status) return;
  const age = answer.headers.get("Age");
  const code = document.createElement("code");
  code.textContent = status + (age === null ? "" : ` · Age ${age} s`);
  line.replaceChildren(`${line.dataset.label}: `, code);
  line.title = line.dataset.hint;
  line.hidden = false;
})();
