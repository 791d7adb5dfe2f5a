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

// The search shows what is looked for, the first of it if it is much, and keeps in
// the address what that is.
{
  const found = document.getElementById('found');
  const form = document.querySelector('form.find[hidden]');
  if (found && form) {
    const most = 300;
    const rank = ['passed', 'not-run', 'skipped', 'flaky', 'failed'];
    // The name of a page that is not given is the title in small letters.
    const link = (folder, [title, name]) => `${folder}${name || title.toLowerCase().match(/[a-z0-9]+/g).join('-')}.html`;
    const items = words.flatMap((rule) => rule.e.map((example) => {
      const [title, , found = '', tags = '', states = 'passed'] = example;
      return { rule, example, tags: ` ${tags} `, states: states.split(','), text: ` ${title} ${rule.r.join(' ')} ${found}`.toLowerCase() };
    }));
    const fields = ['q', 'tag', 'state'].map((name) => form.elements[name]);
    const add = (parent, name, text, properties) => {
      const made = parent.appendChild(document.createElement(name));
      if (text) made.textContent = text;
      return Object.assign(made, properties);
    };
    const show = (list) => {
      found.textContent = '';
      let rule, ul;
      for (const item of list) {
        if (item.rule !== rule) {
          rule = item.rule;
          const section = add(found, 'section');
          add(add(section, 'h2'), 'a', rule.r[0], { href: link(rule.f, rule.r) });
          ul = add(section, 'ul');
        }
        const li = add(ul, 'li');
        add(li, 'a', item.example[0], { href: link(rule.f, item.example) });
        const worst = item.states.reduce((a, b) => (rank.indexOf(b) > rank.indexOf(a) ? b : a));
        if (worst !== 'passed') {
          li.append(' ');
          add(li, 'span', worst.replace('-', ' '), { className: `word ${worst}` });
        }
      }
    };
    const filter = () => {
      const [q, tag, state] = fields.map((field) => field.value);
      const sought = q.toLowerCase().split(/\s+/).filter(Boolean);
      const list = items.filter((item) => sought.every((word) => item.text.includes(word)) &&
        (!tag || item.tags.includes(` ${tag} `)) && (!state || item.states.includes(state)));
      show(list.slice(0, most));
      const count = list.length;
      document.getElementById('count').textContent =
        count === 0 ? 'No example is like that.' : count === 1 ? '1 example' :
          count > most ? `${count} examples, of which these are the first ${most}` : `${count} examples`;
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
