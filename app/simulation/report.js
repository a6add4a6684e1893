// Gives the charts of the report the colours of the page, light or dark; a canvas does not follow CSS by itself.
(() => {
  const schemes = SCHEMES, wanted = matchMedia('(prefers-color-scheme: dark)');
  const paint = () => {
    const c = schemes[wanted.matches ? 'dark' : 'light'];
    for (const doc of Bokeh.documents) for (const root of doc.roots()) for (const model of root.references()) {
      if (/Axis$/.test(model.type)) Object.assign(model, {
        axis_line_color: c.border, major_tick_line_color: c.border, major_label_text_color: c['text-2'],
        axis_label_text_color: c['text-2']});
      else if (model.type === 'Grid') model.grid_line_color = c.border;
      else if (model.type === 'Span') model.line_color = c['text-2'];
    }
  };
  const ready = () => Bokeh.documents.length ? paint() : setTimeout(ready, 20);
  addEventListener('load', ready);
  wanted.addEventListener('change', paint);
})();
