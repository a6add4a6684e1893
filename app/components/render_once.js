// How Panel's drawing of a component meets an object that lives as long as its view. bundle.py joins it to every script
// before the parts.

/**
 * Return what Panel shall put on the page: a new `Kind(model)` at the first drawing, the same one at each later one.
 * Before each drawing Panel forgets who listens to the model, so what `Kind` said with `on` is said again then; a value
 * that changed in between is told at once. `Kind` has its element as `node`, may have `start()`, and is made anew once
 * it is `closed`. `shared` holds {css, theme}.
 */
function renderOnce({model, view}, shared, Kind) {
  if (!document.getElementById("goldpan-theme")) document.head.append(h("style", {id: "goldpan-theme"}, shared.theme))
  const kept = view.goldpan
  if (kept && !kept.made.closed) {
    kept.heard.forEach((each) => each.listen())
    return kept.root
  }
  const heard = []
  const made = new Kind(remembering(model, heard))
  const root = h("div", {}, h("style", {}, shared.css), made.node)
  view.goldpan = {made, heard, root}
  made.start?.()
  return root
}

/** The model, but that it writes down who listens. */
function remembering(model, heard) {
  const on = (name, react) => {
    const each = {seen: model[name]}
    each.told = () => {
      each.seen = model[name]
      return react()
    }
    each.listen = () => {
      model.on(name, each.told)
      if (model[name] !== each.seen) each.told()
    }
    heard.push(each)
    each.listen()
  }
  return new Proxy(model, {get: (target, name) => (name === "on" ? on : target[name])})
}
