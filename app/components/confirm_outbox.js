// Confirmed pages, and pages taken back, that the server has not yet acknowledged. The label card's outbox with addresses
// of its own: each entry is one request, so that a page is stored whole or not at all.

class PageOutbox extends Outbox {
  constructor(project, on, person) {
    super(project, on, {kind: "confirm", person})
  }
}

/** What was taken out of pages and not named, by class; kept in the browser so that it does not come again. */
class Refusals {
  constructor(project) {
    this.place = `goldpan:refused:${project}`
    try {
      this.byClass = JSON.parse(localStorage.getItem(this.place)) ?? {}
    } catch {
      this.byClass = {}
    }
  }

  add(classId, keys) {
    const kept = (this.byClass[classId] ?? []).filter((key) => !keys.includes(key))
    this.byClass[classId] = [...kept, ...keys].slice(-REFUSED_KEPT)
    this._store()
  }

  remove(classId, keys) {
    this.byClass[classId] = (this.byClass[classId] ?? []).filter((key) => !keys.includes(key))
    this._store()
  }

  /** The latest refusals that fit into one request, the given class first. */
  latest(classId) {
    let room = REFUSED_SENT
    const found = {}
    const order = Object.keys(this.byClass).sort((one, other) => (other === String(classId)) - (one === String(classId)))
    for (const id of order) {
      const keys = fitting([...this.byClass[id]].reverse(), room)
      room -= keys.reduce((sum, key) => sum + key.length + 4, 0)
      if (keys.length) found[id] = keys
    }
    return found
  }

  _store() {
    try {
      localStorage.setItem(this.place, JSON.stringify(this.byClass))
    } catch (error) {
      console.debug("goldpan: what was taken out is not kept over a reload", error)
    }
  }
}

/** Return the first of some keys that fit into one request. */
function fitting(keys, room = REFUSED_SENT) {
  const found = []
  for (const key of keys) {
    room -= key.length + 4
    if (room < 0) break
    found.push(key)
  }
  return found
}

const REFUSED_KEPT = 500
const REFUSED_SENT = 40000
