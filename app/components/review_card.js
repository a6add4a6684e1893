// The review card: the label card over items on which people disagree. A class decides the item, as an adjudication; the
// votes stand beside it, or wait until the reviewer has chosen. Bundled by review_card.py after label_card.js.

const LOOK_AGAIN_MS = 15000
const SKIPPED_SENT = 500
const BLIND = "goldpan:review-blind"
const ACTS = {skip: "skipped it", unsure: "is unsure", flag: "flagged it"}
const REVIEW_KEYS = [
  ["1 – 9, 0", "decide: the item is of that class"],
  ["a letter", "decide for the class that shows the letter"],
  ["Enter", "take the class you chose, or else the suggested one"],
  ["S", "skip: it comes again when you open the page anew"],
  ["Shift G", "make the item a gold item with your decision, or no longer one"],
  [UNDO_KEY, "take your last decision back"],
  ...LABEL_KEYS.slice(LABEL_KEYS.findIndex(([key]) => key === REDO_KEY)),
]

/** The items that wait for review; those that were skipped come no more while the page is open. */
class ReviewQueue extends ItemQueue {
  _get(keep) {
    const keys = keep ? [keep].flat() : []
    this.skipped ??= new Set()
    const body = {size: Math.max(HOLD, keys.length) + this.unsent.count(), keys, without: [...this.skipped].slice(-SKIPPED_SENT)}
    return request("/api/review/page", {method: "POST", body})
  }

  skip(item) {
    this.skipped.add(item.key)
    this.advance()
  }

  /** Nothing is leased for a review. */
  giveBack() {}

  /** A decided item comes again only from a server that knows of the decision, and finds it contested all the same. */
  _isDone(item, revision) {
    const entry = this.done.get(item.key)
    return (entry != null && revision < entry.revision) || this.skipped.has(item.key)
  }

  _poll() {
    if (this.current || this.length) return
    this.timer = setTimeout(() => this.refill(), this.state === "error" ? EMPTY_POLL_MS[1] : LOOK_AGAIN_MS)
  }
}

class ReviewCard extends LabelCard {
  get parts() {
    return {queue: ReviewQueue, outbox: "review", keys: REVIEW_KEYS, takesBack: (each) => each.act === "adjudicate"}
  }

  get moreKeys() {
    return {G: () => this.turnGold()}
  }

  /** Decide the item. While the votes are hidden the first press only chooses, and shows them. */
  label(classId, pressedAt) {
    const item = this.queue.current
    if (!this.panel.find(classId) || !item || !this.outbox) return false
    if (this._veiled(item)) {
      this.chosen = {key: item.key, classId}
      this._unveil(item)
      return true
    }
    const gold = this.gold
    this.panel.press(classId)
    if (!this._annotate("adjudicate", classId, pressedAt)) return false
    this._count(item, -1)
    if (gold === item.is_gold) return true
    this._sendGold(item.key, gold)
    this.history.steps.at(-1).gold = gold
    return true
  }

  /** Take the last decision back, and what it made of the item as gold. */
  undo(pressedAt) {
    const last = this.history.steps.at(-1)
    const done = super.undo(pressedAt)
    if (last?.gold != null) this._sendGold(last.item_key, !last.gold)
    return done
  }

  _sendGold(key, gold) {
    this.outbox.add({uid: makeUid(), path: "/api/gold", item_key: key, gold, act: "gold"})
  }

  accept(pressedAt) {
    const item = this.queue.current
    if (item && this.chosen?.key === item.key) return this.label(this.chosen.classId, pressedAt)
    return item && this._veiled(item) ? false : super.accept(pressedAt)
  }

  skip() {
    if (!this.queue.current) return false
    this.queue.skip(this.queue.current)
    this._refresh()
    return true
  }

  unsure() {
    return false
  }

  flag() {
    return false
  }

  /** Say that the decision on the item shall make it a gold item, or no longer one. */
  turnGold() {
    if (!this.queue.current) return false
    this.gold = !this.gold
    this._showGold()
    return true
  }

  _build() {
    this.votes = h("ol.votes")
    this.votesPane = h("section.votespane", {"aria-label": "What people said", hidden: true}, h("h2", {}, "What people said"), this.votes)
    this.goldButton = h("button.plain.gold", {type: "button", "aria-pressed": "false", "aria-label": "Gold item", title: "Make the item a gold item with your decision", onclick: (event) => {
      this.turnGold()
      if (event.detail > 0) event.currentTarget.blur()
    }}, "Gold", h("kbd", {}, "Shift G"))
    this.waiting = h("p.waits", {role: "status", "aria-live": "polite"})
    this.blind = h("input", {type: "checkbox", onchange: () => {
      this._setBlind(this.blind.checked)
      // The keys of the classes are the card's, not the box's.
      this.blind.blur()
    }})
    this.blind.checked = storedBlind()
    this.counts = {}
    super._build()
    this.node.setAttribute("aria-label", "Review this item")
    this.node.classList.add("review")
    this.unsureButton.replaceWith(this.goldButton)
    this.flagButton.remove()
    this.panel.node.before(this.votesPane)
    this.body.before(h("div.reviewhead", {}, this.waiting, h("label", {}, this.blind, "Hide the votes until I choose")))
    this.model.on("active", () => this._param("active", true) !== false && this.queue.refill())
  }

  _fetched(data) {
    this.counts = data.reviews ?? {}
    this._count(null, 0)
    super._fetched(data)
  }

  _present(item) {
    this._count(item, 1)
    super._present(item)
  }

  /** Say how many items wait, one more or less of an item's reason until the server counts anew. */
  _count(item, step) {
    if (item?.why) this.counts[item.why] = Math.max((this.counts[item.why] ?? 0) + step, 0)
    setText(this.waiting, sayWaiting(this.counts))
  }

  _refresh() {
    const item = this.queue.current
    if (item) {
      item.told ??= {reason: item.reason, suggestion: item.suggestion, runner_up: item.runner_up}
      const veiled = this._veiled(item)
      Object.assign(item, veiled ? {reason: "The votes are hidden until you choose a class.", suggestion: null, runner_up: null} : item.told)
      if (this.goldOf !== item) this.gold = item.is_gold === true
      this.goldOf = item
    }
    this._showVotes(item)
    this._showGold()
    super._refresh()
    // What Enter does is keep the choice, once there is one.
    const choosing = item != null && this.chosen?.key === item.key
    this.pane.suggestion.node.disabled = choosing
    if (choosing) this.panel.suggest(this.chosen.classId)
  }

  _veiled(item) {
    return this.blind.checked && this.open !== item.key
  }

  _unveil(item) {
    this.open = item.key
    this._refresh()
    const name = this.panel.find(this.chosen.classId)?.name ?? ""
    setText(this.pane.sentence, `You chose ${name}: Enter keeps it, another class takes its place. ${item.reason}`)
  }

  _showVotes(item) {
    const shown = item != null && !this._veiled(item)
    show(this.votesPane, shown)
    if (shown) this.votes.replaceChildren(...item.votes.map((vote) => this._vote(vote)))
  }

  _vote(vote) {
    const known = vote.class_id == null ? null : this.panel.find(vote.class_id)
    const name = known?.name ?? vote.class_name
    const chip = h("i.chip", {"aria-hidden": "true"})
    chip.style.background = known?.colour ?? "transparent"
    const said = vote.class_id == null ? h("span.said", {}, ACTS[vote.act] ?? vote.act) : h("span.said", {}, chip, h("strong", {}, name))
    const kind = vote.act === "adjudicate" ? "decided" : vote.gold ? "on gold" : ""
    const when = h("time", {datetime: vote.created_at, title: new Date(vote.created_at).toLocaleString()}, sayAge(vote.created_at))
    return h("li", {}, h("div.voteline", {}, h("span.who", {}, vote.annotator), said, kind ? h("span.tag", {}, kind) : null, when), vote.comment ? h("q", {}, vote.comment) : null)
  }

  _showGold() {
    this.goldButton.disabled = !this.queue.current
    this.goldButton.setAttribute("aria-pressed", String(this.queue.current != null && this.gold === true))
  }

  _setBlind(on) {
    try {
      localStorage.setItem(BLIND, on ? "1" : "")
    } catch (error) {
      console.debug("goldpan: the choice is not kept over a reload", error)
    }
    this.open = null
    this.chosen = null
    this._refresh()
  }

  _describe() {
    const state = super._describe()
    if (state == null || state.button) return state
    const skipped = this.queue.skipped?.size
    return {
      title: skipped ? "Nothing else waits for review" : "Nothing waits for review",
      detail: skipped ? `${plural(skipped, "item")} you skipped; reload the page to see them again.` : "Items come here when people disagree, when somebody flags one or is unsure, and when a gold item is answered wrongly.",
    }
  }
}

/** Say how many items wait, and why. */
function sayWaiting(counts) {
  const words = {disagree: "with different classes", gold: "wrong on gold", flag: "flagged", unsure: "unsure"}
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const parts = Object.keys(words).filter((name) => counts[name]).map((name) => `${counts[name]} ${words[name]}`)
  return all ? `${plural(all, "item")} to decide: ${parts.join(", ")}` : ""
}

/** Say how long ago a moment was, in words as short as can be. */
function sayAge(moment) {
  const minutes = Math.round((Date.now() - Date.parse(moment)) / 60000)
  if (minutes < 1) return "just now"
  if (minutes < 60) return `${minutes} min ago`
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`
  return `${Math.round(minutes / 1440)} days ago`
}

function storedBlind() {
  try {
    return localStorage.getItem(BLIND) === "1"
  } catch {
    return false
  }
}
