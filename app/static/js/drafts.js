// What one types is kept in this browser at every pause, so a lost connection or a closed tab loses nothing.
(() => {
  const AGE = 14 * 24 * 3600 * 1000;
  const key = (form) => `draft:${location.pathname.split("/").slice(0, 3).join("/")}:${form.dataset.draft}`;

  const read = (form) => {
    try {
      const draft = JSON.parse(localStorage.getItem(key(form)));
      return draft && Date.now() - draft.at < AGE ? draft : null;
    } catch {
      return null; // Storage off, or a draft of another shape: start empty.
    }
  };

  const write = (form, draft) => {
    try {
      if (draft) localStorage.setItem(key(form), JSON.stringify({ ...draft, at: Date.now() }));
      else localStorage.removeItem(key(form));
      return true;
    } catch {
      return false; // Full or off: then nothing is said about keeping.
    }
  };

  window.drafts = { read, write };
})();
