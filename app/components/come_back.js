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
    void comeBack(model.instance, words)
  }
  model.on("waiting", wait)
  wait()
  return node
}

/** Wait for a server that is not the one this page is from; a proxy that answers for it does not count. */
async function comeBack(instance, words) {
  const since = performance.now()
  for (;;) {
    await sleep(EVERY_MS)
    const {status, data} = await request("/api/health", {limit: 1500})
    // It may not know us any more; then the page that is loaded anew says so.
    if (status > 0 && status < 500 && data.instance !== instance) break
    if (performance.now() - since > LONG_MS) {
      setText(words, "The pool is still being read; the terminal of the server shows how far it is.")
    }
  }
  location.reload()
}
