// The switch to the developers' view is remembered; without script it works on
// one page at a time.
{
  const dev = document.getElementById('dev');
  if (dev) {
    try {
      dev.checked = localStorage.getItem('dev') === 'yes';
      dev.addEventListener('change', () => localStorage.setItem('dev', dev.checked ? 'yes' : 'no'));
    } catch { /* a browser may forbid it for files */ }
  }
}

// The search hides what is not looked for, and keeps in the address what is.
{
  const found = document.getElementById('found');
  const form = document.querySelector('form.find[hidden]');
  if (found && form) {
    const items = [...found.querySelectorAll('li')].map((li, i) => ({
      li,
      tags: ` ${li.dataset.t ?? ''} `,
      states: `,${li.dataset.s ?? 'passed'},`,
      text: ` ${li.textContent} ${li.closest('section').firstChild.textContent} ${window.words?.[i] ?? ''}`.toLowerCase(),
    }));
    const sections = [...found.children];
    const fields = ['q', 'tag', 'state'].map((name) => form.elements[name]);
    const filter = () => {
      const [q, tag, state] = fields.map((field) => field.value);
      const sought = q.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const item of items) {
        const shown = sought.every((word) => item.text.includes(word)) &&
          (!tag || item.tags.includes(` ${tag} `)) && (!state || item.states.includes(`,${state},`));
        item.li.hidden = !shown;
        count += shown;
      }
      for (const section of sections) section.hidden = !section.querySelector('li:not([hidden])');
      document.getElementById('count').textContent =
        count === 0 ? 'No example is like that.' : count === 1 ? '1 example' : `${count} examples`;
    };
    const read = () => {
      const given = new URLSearchParams(location.search);
      for (const field of fields) field.value = given.get(field.name) ?? '';
      filter();
    };
    const changed = () => {
      const given = new URLSearchParams();
      for (const field of fields) if (field.value) given.set(field.name, field.value);
      const query = given.toString();
      history.replaceState(null, '', query ? `?${query}` : location.pathname);
      filter();
    };
    form.hidden = false;
    form.addEventListener('input', changed);
    form.addEventListener('submit', (event) => event.preventDefault());
    addEventListener('popstate', read);
    read();
    fields[0].focus();
  }
}
