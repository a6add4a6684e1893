// Covers the page while its server starts again, and loads the page anew once the server is back.

const EVERY_MS = 1000
const LONG_MS = 120000

export function render({model}) {
  const node = document.createElement("div")
  node.className = "gp-away"
  node.hidden = true
  const words = document.createElement("p")
  words.setAttribute("role", "status")
  node.append(words)
  const wait = () => {
    if (!model.waiting || !node.hidden) return
    node.hidden = false
    words.textContent = "The pool is being read anew. This page comes back by itself; what you labelled is safe."
    const since = performance.now()
    const timer = setInterval(async () => {
      if (performance.now() - since > LONG_MS) {
        words.textContent = "The pool is still being read; the terminal of the server shows how far it is."
      }
      if (await isBack(model.instance)) {
        clearInterval(timer)
        location.reload()
      }
    }, EVERY_MS)
  }
  model.on("waiting", wait)
  wait()
  return node
}

/** Whether a server answers that is not the one this page is from; a proxy that answers for it does not count. */
async function isBack(instance) {
  try {
    const answer = await fetch("/api/health", {cache: "no-store", credentials: "same-origin"})
    if (answer.status >= 500) return false
    const {instance: now} = await answer.json().catch(() => ({}))
    return now !== instance
  } catch {
    return false
  }
}
