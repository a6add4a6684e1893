// What scrolls must be reached by keyboard: Panel's Material page scrolls its main part, which may hold nothing to focus.
const TRIES = 50

export function render() {
  const node = document.createElement("span")
  const look = (left) => {
    for (let root = node.getRootNode(); root; root = root.host?.getRootNode()) {
      const main = root.querySelector?.(".main-content")
      if (main) return void (main.tabIndex = 0)
    }
    if (left) setTimeout(() => look(left - 1), 100)
  }
  requestAnimationFrame(() => look(TRIES))
  return node
}
