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
    const [value, show] = React.useState(targetModel.attributes[resolvedProp])
    const shown = React.useRef(value)
    shown.current = value
    const ours = React.useRef(false)
    const setValue = React.useCallback((next) => {
      ours.current = typeof next === "function" || !Object.is(next, shown.current)
      show(next)
    }, [])

    React.useEffect(() => {
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
      if (ours.current && !isEvent()) targetModel.setv({[resolvedProp]: value})
      ours.current = false
    }, [value])

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
