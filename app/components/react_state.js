// Mends the hook by which Panel's React components follow their models, before the first of them is built.
//
// Panel 1.9.4 loses changes on a slow machine, in two ways. A component takes a property's value when it is drawn and
// listens for changes only later: what changes in between is not seen. And once it has drawn a change it writes what it
// drew back into the model: where the model has changed again in between, the older value wins, here and on the server.
// A button that is disabled while something is looked up then stays disabled.
// Here a component looks again once it listens, and writes back only what it has set itself.
(() => {
  const START = "const [value, setValue] = React.useState(targetModel.attributes[resolvedProp])"
  const END = "return [value, setValue]"
  const HOOK = `
    const isEvent = () => target.model.events.includes(resolvedProp)
    const [state, setState] = React.useState({value: targetModel.attributes[resolvedProp], ours: false})
    const {value} = state
    const shown = React.useRef(value)
    shown.current = value
    const setValue = React.useCallback((next) => {
      const seen = shown.current
      setState((before) => {
        const now = typeof next === "function" ? next(before.value) : next
        // A component that says again what it shows has not decided against what the model says since.
        if (Object.is(now, before.value) || (!before.ours && Object.is(now, seen))) return before
        return {value: now, ours: true}
      })
    }, [])

    React.useEffect(() => {
      const show = (next) => setState((before) => {
        const now = next(before.value)
        return Object.is(now, before.value) ? before : {value: now, ours: false}
      })
      const follow = () => {
        const now = targetModel.attributes[resolvedProp]
        if (!isEvent()) {
          show(() => now)
        } else if (now) {
          show((count) => count + 1)
          targetModel.setv({[resolvedProp]: false})
        }
      }
      react_proxy.on(prop, follow, true)
      if (!isEvent()) follow()
      return () => react_proxy.off(prop, follow)
    }, [])

    React.useEffect(() => {
      // Whose a value is travels with it: whatever is drawn late, nothing of the model's own is written back to it.
      if (state.ours && !isEvent()) targetModel.setv({[resolvedProp]: value})
    }, [state])

    `

  const component = window.Bokeh?.Models.get("panel.models.esm.ReactComponent")
  if (component == null) return
  const render_code = component.prototype._render_code
  component.prototype._render_code = function () {
    const code = render_code.call(this)
    const start = code.indexOf(START)
    const end = code.indexOf(END, start)
    // A Panel that is written otherwise is left as it is; a test in the browser tells.
    return start < 0 || end < 0 ? code : code.slice(0, start) + HOOK + code.slice(end)
  }
})()
