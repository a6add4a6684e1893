// What can be undone and done again.

const UNDO_DEPTH = 50
const STEPS = ["label", "skip", "unsure", "flag", "adjudicate", "group"]

/** The steps of this person: those of this page, and before them those that the server and the outbox know. */
class History {
  constructor() {
    this.steps = []
    this.undone = new Set()
    this.again = []
  }

  get empty() {
    return this.steps.length === 0
  }

  /** Remember a step of this page; what was undone before cannot be done again after it. */
  add(step, {redone = false} = {}) {
    this.steps.push(step)
    if (this.steps.length > UNDO_DEPTH) this.steps.shift()
    if (!redone) this.again = []
  }

  /** Take the newest step, to undo it. */
  undo() {
    const last = this.steps.pop()
    this.undone.add(last.uid)
    if (last.act === "group") this.again = []
    else this.again.push(last)
    return last
  }

  /** Take the step that was undone last, where its item is the one on screen; else null. */
  redo(key) {
    const next = this.again[this.again.length - 1]
    return next && next.item_key === key ? this.again.pop() : null
  }

  forget(uid) {
    this.steps = this.steps.filter((each) => each.uid !== uid)
  }

  /** Put in front what the server has stored, oldest first, and what waits in the outbox; undone steps are left out. */
  merge(stored, waiting) {
    const seen = new Set([...this.undone, ...this.steps.map((each) => each.uid)])
    this.steps = [...openSteps(stored, waiting, seen), ...this.steps].slice(-UNDO_DEPTH)
  }
}

/** Return the steps that still count, oldest first, without those in `seen`, which the card knows of already. */
function openSteps(stored, waiting, seen) {
  const known = new Set(stored.map((each) => each.uid))
  const acts = [...stored, ...waiting.filter((body) => !known.has(body.uid))]
  const undone = new Set(acts.filter((each) => each.act === "undo").map((each) => each.undoes_uid))
  return acts.filter((each) => STEPS.includes(each.act) && !each.undone && !undone.has(each.uid) && !seen.has(each.uid))
}
