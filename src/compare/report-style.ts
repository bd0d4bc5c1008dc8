/** Colours after Okabe and Ito, who chose them so that everybody can tell them apart; darker on white, lighter on black. */
export const reportStyle = `:root {
  color-scheme: light dark;
  --text: #1d1f21; --page: #ffffff; --line: #d8dadd; --quiet: #5c6168;
  --bar: #7a94a8; --best: #00785a; --bound: #c04a00; --bad: #b3261e;
  --part0: #0072b2; --part1: #d55e00; --part2: #009e73; --part3: #cc79a7;
  --part4: #e69f00; --part5: #56b4e9; --part6: #b8a900; --part7: #808890;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e6e8; --page: #16181a; --line: #3a3e42; --quiet: #a2a8ae;
    --bar: #6c8599; --best: #2fc99b; --bound: #ff9a4d; --bad: #ff8a80;
    --part0: #4ba3dd; --part1: #ff8c3f; --part2: #2fc99b; --part3: #e39cc4;
    --part4: #f0b53c; --part5: #7cc8f2; --part6: #d8cc3c; --part7: #989fa6;
  }
}
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1340px; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 600; }
.n { text-align: right; }
small, dd { color: var(--quiet); }
dt { font-weight: 600; float: left; clear: left; min-width: 8.5rem; }
dd { margin-left: 8.5rem; }
.best { color: var(--best); }
.bad { color: var(--bad); font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 1rem 2rem; }
figure { margin: 1rem 0 0; min-width: 0; }
figcaption { margin-bottom: .3rem; color: var(--quiet); }
figcaption b { color: var(--text); }
svg { width: 100%; height: auto; display: block; }
@media print { details { display: block; } section { break-inside: avoid-page; } }`;
