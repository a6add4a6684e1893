// Pictures of the item: those that plug-ins draw on this server, and those that other servers cut out at its position.
// The browser asks only whom the page's policy names; where one does not answer, or the machine is off line, its frame
// says so and nothing else waits.

const CUTOUT_AFTER_MS = 120
const CUTOUT_LATE_MS = 20000

class CutoutPane {
  constructor() {
    this.node = h("div.cutouts", {hidden: true, role: "group", "aria-label": "More pictures of this item"})
    this.frames = []
    window.addEventListener("online", () => this.frames.forEach((frame) => frame.node.isConnected && frame.again()))
  }

  /** Show these pictures, {name, url}; they are asked for a moment later: a person who labels on asks nobody. */
  show(pictures) {
    const shown = pictures.filter(({url}) => /^(https?:\/\/|\/api\/)/i.test(url))
    show(this.node, shown.length > 0)
    while (this.frames.length > shown.length) this.frames.pop().leave()
    shown.forEach((picture, index) => {
      if (!this.frames[index]) {
        this.frames[index] = new CutoutFrame()
        this.node.append(this.frames[index].node)
      }
      this.frames[index].show(picture)
    })
  }
}

/** One picture with its name, or why there is none. */
class CutoutFrame {
  constructor() {
    this.place = h("div.cutout")
    this.name = h("figcaption")
    this.node = h("figure", {}, this.place, this.name)
  }

  show({name, url}) {
    if (this.url === url) return
    this.url = url
    this.title = name
    setText(this.name, name)
    this.again()
  }

  /** Ask for the picture, unless it is there. */
  again() {
    if (this.loaded === this.url) return
    this._stop()
    this.place.replaceChildren(h("span.wait", {}, "…"))
    this.timer = setTimeout(() => this._ask(this.url), CUTOUT_AFTER_MS)
  }

  leave() {
    this._stop()
    this.node.remove()
  }

  _ask(url) {
    const own = url.startsWith("/")
    if (navigator.onLine === false && !own) return this._missing("You are off line.")
    const image = new Image()
    image.alt = `${this.title}: a picture of the item`
    image.referrerPolicy = "no-referrer"
    image.decoding = "async"
    this.late = setTimeout(() => this._missing("No answer."), CUTOUT_LATE_MS)
    image.onload = () => {
      if (this.url !== url) return
      clearTimeout(this.late)
      this.loaded = url
      this.place.replaceChildren(image)
    }
    image.onerror = () => this.url === url && this._missing("No picture came.")
    image.src = own && document.documentElement.dataset.theme === "dark" ? `${url}&dark=1` : url
  }

  _missing(why) {
    this._stop()
    const button = h("button.plain", {type: "button", onclick: () => this.again()}, "Try again")
    this.place.replaceChildren(h("span", {}, why), button)
  }

  _stop() {
    clearTimeout(this.timer)
    clearTimeout(this.late)
    this.loaded = null
  }
}
