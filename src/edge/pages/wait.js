// Follows the session's phases and goes on by itself when it is ready. Without this script the page reloads itself.
const order = [...document.querySelectorAll("[data-phase]")].map((step) => step.dataset.phase);
const message = document.querySelector("#message");
const progress = document.querySelector("progress");

function show(phase) {
  if (phase.name === "ready" || phase.name === "failed" || !order.includes(phase.name)) {
    location.reload();
    return;
  }
  const at = order.indexOf(phase.name);
  document.querySelectorAll("[data-phase]").forEach((step, index) => {
    step.className = index < at ? "done" : index === at ? "now" : "";
    if (index === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
  message.textContent = phase.message ?? "";
  progress.hidden = phase.percent === undefined;
  progress.value = phase.percent ?? 0;
}

function follow() {
  let heard = Date.now();
  const stream = new EventSource("/.opencode-router/events");
  const restart = () => {
    clearInterval(watch);
    stream.close();
    setTimeout(() => location.reload(), 2000);
  };
  const watch = setInterval(() => Date.now() - heard > 25000 && restart(), 5000);
  stream.addEventListener("phase", (event) => {
    heard = Date.now();
    show(JSON.parse(event.data));
  });
  stream.addEventListener("ping", () => (heard = Date.now()));
  stream.onerror = restart;
}

if (order.length > 0) follow();
