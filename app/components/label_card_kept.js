// What a person chose on the card, kept in this browser for each project: how images look, words to highlight, columns.

class Kept {
  constructor() {
    this.place = null
    this.values = {}
  }

  /** Read what was chosen in this project before; storage that is refused or damaged is as good as empty. */
  open(project) {
    this.place = `goldpan:kept:${project}`
    try {
      const stored = JSON.parse(localStorage.getItem(this.place) ?? "{}")
      if (stored && typeof stored === "object") this.values = {...stored, ...this.values}
    } catch (error) {
      console.debug("goldpan: what was chosen before cannot be read", error)
    }
  }

  get(name, fallback) {
    return this.values[name] ?? fallback
  }

  set(name, value) {
    this.values[name] = value
    if (!this.place) return
    try {
      localStorage.setItem(this.place, JSON.stringify(this.values))
    } catch (error) {
      console.debug("goldpan: the choice is not kept", error)
    }
  }
}
