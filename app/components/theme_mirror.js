// Panel's Material page switches its theme in the browser and says so only in a <style> of its own. This reads the
// background it sets and writes data-theme on <html>, which our custom properties follow (and Panel honours too).
(() => {
  if (window.goldpanThemeMirror) return
  window.goldpanThemeMirror = true
  const root = document.documentElement

  const mirror = () => {
    const style = document.getElementById("global-styles-panel-mui")
    const found = style?.textContent.match(/--panel-background-color:\s*#([0-9a-f]{6})/i)
    if (!found) return
    const value = parseInt(found[1], 16)
    const light = 0.3 * (value >> 16) + 0.59 * ((value >> 8) & 255) + 0.11 * (value & 255)
    const theme = light < 128 ? "dark" : "light"
    if (root.dataset.theme !== theme) root.dataset.theme = theme
  }
  new MutationObserver(mirror).observe(document.head, {childList: true, subtree: true, characterData: true})
  mirror()
})()
