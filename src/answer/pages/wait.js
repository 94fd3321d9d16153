// Follows the session's phases and goes on by itself when it is ready. Without this script the page reloads itself.
const order = [...document.querySelectorAll("[data-phase]")].map((step) => step.dataset.phase);
const message = document.querySelector("#message");
const progress = document.querySelector("progress");

let begun = false;

// Tells whether there is more to come.
function show(phase) {
  if (phase.name === "ready" || phase.name === "failed") {
    location.reload();
    return false;
  }
  if (["stopping", "stopped", "deleting"].includes(phase.name)) {
    // Before the start begins, an earlier stop may still go on. After that, somebody does not want it any more, and
    // opening the page again would start it again.
    if (begun) message.textContent = "This session was stopped. Reload the page to start it again.";
    return !begun;
  }
  begun = true;
  const at = Math.max(order.indexOf(phase.name), 0);
  document.querySelectorAll("[data-phase]").forEach((step, index) => {
    step.className = index < at ? "done" : index === at ? "now" : "";
    if (index === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
  message.textContent = phase.message ?? "";
  progress.hidden = phase.percent === undefined;
  progress.value = phase.percent ?? 0;
  return true;
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
    if (show(JSON.parse(event.data))) return;
    clearInterval(watch);
    stream.close();
  });
  stream.addEventListener("ping", () => (heard = Date.now()));
  stream.onerror = restart;
}

if (order.length > 0) follow();
