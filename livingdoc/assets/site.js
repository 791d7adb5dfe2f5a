// What works on every page. It stands before the text, so that the contents are open
// before that is shown; what needs the text waits for it.
const keep = (name, value) => {
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch { /* a browser may forbid it for files */ }
};
{
  // The developers' view is remembered; without script it works on one page at a time.
  const dev = document.getElementById('dev');
  if (dev) {
    dev.checked = keep('dev') === 'yes';
    dev.addEventListener('change', () => keep('dev', dev.checked ? 'yes' : 'no'));
  }
  // The contents are a column where there is room, unless they were folded.
  const contents = document.getElementById('contents');
  if (contents && matchMedia('(min-width: 68rem)').matches) {
    contents.open = keep('contents') !== 'no';
    contents.firstChild.addEventListener('click', () => keep('contents', contents.open ? 'no' : 'yes'));
    const here = contents.querySelector('[aria-current]');
    if (here) contents.scrollTop = here.offsetTop - 200;
  }
  const search = document.querySelector('header input[type=search]'); // which needs a script
  if (search) search.placeholder = search.ariaLabel;
  addEventListener('keydown', (event) => {
    const field = document.getElementById('q');
    if (event.key === '/' && field && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      field.focus();
    }
  });
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // it is not allowed here
      const area = document.body.appendChild(document.createElement('textarea'));
      area.value = text;
      area.select();
      document.execCommand('copy');
      area.remove();
    }
  };
  addEventListener('DOMContentLoaded', () => {
    for (const button of document.querySelectorAll('button.copy')) {
      button.hidden = false;
      const said = button.textContent;
      button.addEventListener('click', async () => {
        await copy(button.dataset.copy || location.href.split('#')[0]);
        button.textContent = 'Copied';
        button.focus();
        setTimeout(() => { button.textContent = said; }, 2000);
      });
    }
  });
}

// finder finds examples. It makes its index when it is first asked: for each stem the
// examples that have it, and how much that counts.
const finder = (words) => {
  // remembered makes something of a key, once: the same words and texts come again and again.
  const remembered = (make, known = new Map()) => (key) => {
    let made = known.get(key);
    if (made === undefined) known.set(key, made = make(key));
    return made;
  };
  const forms = { left: 'leave', leaves: 'leave', went: 'go', goes: 'go', paid: 'pay', took: 'take', taken: 'take', broke: 'break', broken: 'break', stopped: 'stop', began: 'begin', begun: 'begin', chose: 'choose', chosen: 'choose', came: 'come', gave: 'give', given: 'give', kept: 'keep', lost: 'lose', lent: 'lend', brought: 'bring', told: 'tell', said: 'say', wrote: 'write', written: 'write', sent: 'send', met: 'meet', owed: 'owe', people: 'person', men: 'man', women: 'woman', children: 'child' };
  const empty = new Set('a an the of in on at to for is are was were be been it its this that what which who when how if can could may might does do did has have had will would should and or but with by from as there their them they i we you he she his her happen happens happened already'.split(' '));
  const longest = 40; // what is longer is no word: its endings and parts are too many to try
  const stemmed = (word) => {
    word = word.replace(/['’]s$/, '');
    word = forms[word] ?? word.replace(/paid$/, 'pay');
    if (word.length < 4 || word.length > longest || /\d/.test(word)) return word;
    word = word.replace(/(?:ies|ied)$/, 'y').replace(/(s|x|ch|sh)es$/, '$1').replace(/([^su])s$/, '$1');
    if (/[aeiouy].*(?:ing|ed)$/.test(word)) word = word.replace(/(?:ing|ed)$/, '').replace(/([bdgmnprt])\1$/, '$1');
    if (word.length > 6) word = word.replace(/ment$/, '').replace(/tion$/, 't');
    return word.length > 3 ? word.replace(/e$/, '') : word;
  };
  // written is a text as phrases are compared: an apostrophe may be typed or set.
  const written = (text) => text.toLowerCase().replaceAll('’', "'");
  const stem = remembered(stemmed);
  const split = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+(?:[.,'’]\p{N}+|['’]s)*/gu) ?? [];
  const wordsOf = remembered((title) => new Set(split(title)));
  // What everybody means the same by, whatever a project's own words are.
  const usual = [['breakdown', 'break down', 'crash', 'outage', 'power cut', 'power failure', 'interruption'], ['power fails', 'power cut', 'breakdown', 'break down'], ['refuse', 'reject', 'forbid'], ['credit', 'refund', 'money back', 'reimburse'], ['gone', 'left'], ['twice', 'again', 'repeat'], ['advance', 'deposit', 'prepaid', 'down payment'], ['negative', 'minus', 'below zero', 'above zero'], ['same moment', 'same time', 'simultaneously'], ['bill', 'invoice']];
  let docs, postings, synonyms;
  const build = () => {
    docs = [];
    postings = new Map();
    const statesOf = remembered((names) => names.split(','));
    const stemsOf = remembered((text) => [...new Set(split(text).map(stem))]);
    const note = (doc, text, weight) => {
      if (text) for (const one of stemsOf(text)) {
        let of = postings.get(one);
        if (!of) postings.set(one, of = []);
        const last = of.length - 2;
        if (of[last] === doc) of[last + 1] += weight;
        else of.push(doc, weight);
      }
    };
    for (const topic of words.t) for (const rule of topic.r) for (const example of rule[3].length ? rule[3] : [undefined]) {
      const doc = docs.push({ topic, rule, example, states: statesOf(example ? example[5] || 'passed' : 'not-run'), rows: example ? +(example[6] || 1) : 0 }) - 1;
      note(doc, rule[0], 9);
      note(doc, topic.t, 2);
      note(doc, topic.c, 1);
      note(doc, topic.p, .5);
      note(doc, rule[2], 2);
      if (!example) continue;
      note(doc, example[0], 8);
      for (const step of example[2]) note(doc, words.s[step], 2);
      note(doc, example[3], 1);
    }
    synonyms = [...words.w, ...usual].map((group) => group.map((term) => split(term).map(stem)));
  };
  // near tells whether two words differ by a letter, or by two that are swapped.
  const near = (a, b) => {
    if (Math.abs(a.length - b.length) > 1) return false;
    let i = 0, k = 0;
    while (i < a.length && a[i] === b[i]) i++;
    while (k < Math.min(a.length, b.length) - i && a[a.length - 1 - k] === b[b.length - 1 - k]) k++;
    const x = a.length - i - k, y = b.length - i - k;
    return x <= 1 && y <= 1 || x === 2 && y === 2 && a[i] === b[i + 1] && a[i + 1] === b[i];
  };
  // alternatives lists the stems that may be meant by one, each with how well it fits.
  const alternatives = (one, isLast) => {
    const made = new Map();
    if (postings.has(one)) made.set(one, 1);
    if (isLast && one.length > 1) for (const other of postings.keys()) if (other.startsWith(one) && other !== one) made.set(other, .6);
    if (made.size || one.length < 4 || one.length > longest) return made;
    for (const other of postings.keys()) if (near(one, other)) made.set(other, .5);
    for (let i = 3; i < one.length - 1 && !made.size; i++) { // two words that were written as one
      const [a, b] = [stem(one.slice(0, i)), stem(one.slice(i))];
      if (postings.has(a) && postings.has(b)) made.set(a, .7);
    }
    return made;
  };
  return {
    build: () => docs ?? build(),
    at: (doc) => docs[doc],
    // find returns what a query finds, with the stems that it was found by. best sorts what
    // is left of it, as far as it will be shown: sorting is what takes longest.
    find(query) {
      if (!docs) build();
      let work = 0;
      const phrases = [...written(query).matchAll(/["“]([^"”]+)["”]/g)].map((m) => m[1].trim()).filter(Boolean);
      let asked = split(query);
      const isOpen = !/[\s"”]$/.test(query);
      const telling = asked.filter((word) => !empty.has(word));
      if (telling.length) asked = telling;
      const stems = [...new Set(asked.map(stem))];
      if (!stems.length && !phrases.length) { // what has no words in it is looked for as it is
        const signs = query.replace(/["“”]/g, '').trim().toLowerCase();
        if (signs) phrases.push(signs);
      }
      const scores = new Float64Array(docs.length), covered = new Uint16Array(docs.length), fits = new Float64Array(docs.length);
      const marked = new Set();
      stems.forEach((one, n) => {
        const meant = alternatives(one, isOpen && n === stems.length - 1);
        for (const group of synonyms) for (const term of group) {
          if (!term.includes(one) || !term.every((part) => stems.includes(part))) continue;
          for (const other of group) if (other !== term) for (const part of other) if (!meant.has(part)) meant.set(part, .8 / other.length);
        }
        const touched = [];
        for (const [other, fit] of meant) {
          const of = postings.get(other) ?? [];
          const weight = fit * Math.log(1 + docs.length / (1 + of.length / 2));
          marked.add(other);
          work += of.length / 2;
          for (let i = 0; i < of.length; i += 2) {
            const doc = of[i], value = of[i + 1] * weight;
            if (!fits[doc]) touched.push(doc);
            if (value > fits[doc]) fits[doc] = value;
          }
        }
        for (const doc of touched) {
          scores[doc] += fits[doc];
          fits[doc] = 0;
          covered[doc]++;
        }
      });
      let most = 0;
      for (const n of covered) if (n > most) most = n;
      const least = stems.length > 3 ? Math.max(1, most - 1) : most;
      let list = [];
      if (!stems.length || most && most * 2 >= stems.length) for (let doc = 0; doc < docs.length; doc++) if (covered[doc] >= least) list.push(doc);
      if (list.length < 2000) for (const doc of list) { // a word as it was typed counts more than another form of it
        const { rule: [rule], example } = docs[doc];
        let inRule = 0, inExample = 0;
        for (const word of asked) {
          if (wordsOf(rule).has(word)) inRule++;
          if (example && wordsOf(example[0]).has(word)) inExample++;
        }
        scores[doc] += 15 * Math.max(inRule, inExample) + 5 * Math.min(inRule, inExample); // together in one title they mean more
      }
      for (const phrase of phrases) {
        const has = remembered((text) => written(text).includes(phrase));
        list = list.filter((doc) => this.texts(docs[doc]).some(has));
      }
      const best = (some, most) => {
        if (!stems.length) return some.slice(0, most);
        const rank = (doc) => covered[doc] * 1e6 + scores[doc];
        if (some.length > most) {
          const ranks = Float64Array.from(some, rank);
          const last = ranks.slice().sort()[some.length - most];
          let ties = most; // of those that are as good as the last that is shown, the first
          for (const one of ranks) if (one > last) ties--;
          some = some.filter((_, i) => ranks[i] > last || ranks[i] === last && ties-- > 0);
        }
        return some.sort((a, b) => rank(b) - rank(a) || a - b);
      };
      return { list, best: (some, most) => best(some, most).map((doc) => docs[doc]), marked, work };
    },
    texts: ({ topic, rule, example }) => [rule[0], ...(example ? [example[0], ...example[2].map((i) => words.s[i]), example[3] ?? ''] : []), rule[2] ?? '', topic.t, topic.p ?? ''],
    // splitter returns what splits a text into pieces that were looked for and others.
    splitter: (marked) => remembered((text) => {
      const made = [];
      let at = 0;
      for (const m of text.matchAll(/[\p{L}\p{N}]+(?:[.,'’]\p{N}+|['’]s)*/gu)) {
        if (!marked.has(stem(m[0].toLowerCase()))) continue;
        made.push([text.slice(at, m.index), false], [m[0], true]);
        at = m.index + m[0].length;
      }
      return [...made, [text.slice(at), false]];
    }),
  };
};

// The page of the search shows what is looked for, the first of it if it is much, and
// keeps in the address what that is.
addEventListener('DOMContentLoaded', () => {
  const found = document.getElementById('found');
  const form = document.querySelector('form.find[hidden]');
  if (!found || !form) return;
  const most = 300, atOnce = 24, examplesOfRule = 4;
  const rank = ['passed', 'not-run', 'skipped', 'flaky', 'failed'];
  const saying = { passed: 'holds', failed: 'fails', flaky: 'flaky', skipped: 'left out', 'not-run': 'not checked' };
  const finding = finder(words);
  // The name of a page that is not given is the title in small letters.
  const link = (folder, [title, name]) => `${folder}${name || title.toLowerCase().match(/[a-z0-9]+/g).join('-')}.html`;
  const { q, tag } = form.elements;
  const state = () => form.elements.state.value;
  const add = (parent, name, text, properties) => {
    const made = parent.appendChild(document.createElement(name));
    if (text) made.textContent = text;
    return Object.assign(made, properties);
  };
  const write = (parent, text, pieces) => {
    for (const [piece, is] of pieces(text)) if (is) add(parent, 'mark', piece); else parent.append(piece);
  };
  const titled = (parent, text, pieces, href) => write(add(parent, 'a', '', { href }), text, pieces);
  const snippet = (parent, item, pieces) => {
    let best, count = 0;
    for (const text of [...item.example[2].map((i) => words.s[i]), item.rule[2] ?? '', item.topic.p ?? '']) {
      const n = new Set(pieces(text).filter(([, is]) => is).map(([piece]) => piece.toLowerCase())).size;
      if (n > count) [best, count] = [text, n];
    }
    if (!best) return;
    let at = 0; // of the first word that was looked for
    for (const [piece, is] of pieces(best)) {
      if (is) break;
      at += piece.length;
    }
    let from = at > 150 ? best.lastIndexOf(' ', at - 40) + 1 : 0;
    if (at - from > 150) from = at; // there are no spaces
    let end = best.length;
    if (end - from > 200) {
      end = best.lastIndexOf(' ', from + 200);
      if (end <= at) end = from + 200;
    }
    const part = best.slice(from, end).replace(/[\uD800-\uDBFF]$/, ''); // no half of an emoji
    write(add(parent, 'span', '', { className: 'snippet' }), `${from ? '…' : ''}${part}${end < best.length ? '…' : ''}`, pieces);
  };
  // show writes the first of a list at once, and the rest part by part, so that the next
  // letter does not wait for it.
  let rest;
  const show = (list, pieces, few) => {
    clearTimeout(rest);
    found.textContent = '';
    const shown = new Map();
    const from = (i) => {
      append(list.slice(i, i + atOnce), pieces, few, shown);
      found.ariaBusy = i + atOnce < list.length;
      if (i + atOnce < list.length) rest = setTimeout(from, 0, i + atOnce);
    };
    from(0);
  };
  const append = (list, pieces, few, shown) => {
    for (const item of list) {
      let of = shown.get(item.rule);
      if (!of) {
        const section = add(found, 'section');
        titled(add(section, 'h2'), item.rule[0], pieces, link(item.topic.f, item.rule));
        add(section, 'p', `${item.topic.c} / ${item.topic.t}`, { className: 'path' });
        shown.set(item.rule, of = { ul: add(section, 'ul'), count: 0 });
      }
      if (!item.example || few && of.count >= examplesOfRule) continue;
      of.count++;
      const li = add(of.ul, 'li');
      titled(li, item.example[0], pieces, link(item.topic.f, item.example));
      const worst = item.states.reduce((a, b) => (rank.indexOf(b) > rank.indexOf(a) ? b : a));
      if (worst !== 'passed') {
        li.append(' ');
        add(li, 'span', saying[worst], { className: `word ${worst}` });
      }
      if (few) snippet(li, item, pieces);
    }
  };
  // advise says where else to look, where nothing is found.
  const advise = () => {
    const p = add(found, 'p', 'Other words may be better, or fewer.');
    const list = document.querySelector('header nav a[href$="words.html"]');
    if (list) {
      p.append(' These pages have ');
      add(p, 'a', 'words of their own', { href: list.href });
      p.append('.');
    }
  };
  const filter = () => {
    const { list, best, marked, work } = finding.find(q.value);
    const counts = {}; // of rows, as everywhere
    let count = 0;
    const [only, like] = [tag.value, state()];
    const chosen = list.filter((doc) => {
      const { example, states, rows } = finding.at(doc);
      if (only && !(example && ` ${example[4] ?? ''} `.includes(` ${only} `))) return false;
      counts[''] = (counts[''] ?? 0) + rows;
      for (const one of states) counts[one] = (counts[one] ?? 0) + rows;
      if (like && !states.includes(like)) return false;
      count += rows;
      return true;
    });
    for (const input of form.querySelectorAll('[name=state]')) input.nextElementSibling.textContent = counts[input.value] ?? 0;
    found.dataset.work = work;
    show(best(chosen, most), finding.splitter(marked), q.value.trim() !== '');
    if (!chosen.length) advise();
    document.getElementById('count').textContent =
      chosen.length === 0 ? 'No example is like that.' : count === 1 ? '1 example' :
        chosen.length > most ? `${count} examples, of which these are the first ${most}` : `${count} examples`;
  };
  const read = () => {
    const given = new URLSearchParams(location.search);
    q.value = given.get('q') ?? '';
    tag.value = given.get('tag') ?? '';
    form.elements.state.value = given.get('state') ?? '';
    filter();
  };
  const changed = () => {
    const given = new URLSearchParams();
    for (const [name, value] of [['q', q.value], ['tag', tag.value], ['state', state()]]) if (value) given.set(name, value);
    const query = given.toString();
    filter();
    try {
      history.replaceState(null, '', query ? `?${query}` : location.pathname);
    } catch { /* Safari takes no more than 100 in 30 seconds; a later letter's will do */ }
  };
  form.hidden = false;
  form.addEventListener('input', changed);
  form.addEventListener('submit', (event) => event.preventDefault());
  addEventListener('popstate', read);
  read();
  q.focus();
});
