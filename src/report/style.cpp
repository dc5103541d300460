#include "style.h"

namespace clientele::page {

namespace {

// Blue and orange differ for every common kind of colour blindness. Ink on each shade keeps a contrast of 4.5 or more.
Html colours() {
  return R"(
:root{color-scheme:light dark;
--paper:#f6f6f4;--card:#ffffff;--ink:#1c1d20;--muted:#5a6069;--line:#dfe1e5;--track:#ebedf0;--accent:#2560c4;--accent-soft:#dfe9fa;
--loud:#fdf1dc;--loud-ink:#7a4a00;--box:#a9c3ee;
--zn4:#2166ac;--zn3:#5e9bd0;--zn2:#9cc6e4;--zn1:#d6e8f4;--z0:#f1f1ef;--zp1:#fce3d2;--zp2:#f4bb95;--zp3:#e08a5b;--zp4:#b1441f;
--ink4:#ffffff;--ink3:#14161a;--ink2:#14161a}
@media screen and (prefers-color-scheme:dark){:root{
--paper:#17181b;--card:#202226;--ink:#e9eaed;--muted:#a3a9b3;--line:#363a41;--track:#2d3036;--accent:#7fb0ff;--accent-soft:#25364f;
--loud:#3b2f1a;--loud-ink:#f2c98a;--box:#3f5f94;
--zn4:#7dbcf2;--zn3:#4d94d0;--zn2:#2c6294;--zn1:#26405a;--z0:#2c2e33;--zp1:#513829;--zp2:#86502f;--zp3:#d0804c;--zp4:#f5a672;
--ink4:#101114;--ink3:#101114;--ink2:#f4f5f7}}
)"_html;
}

Html layout() {
  return R"(
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 24px}
header{padding-top:40px}
h1{font-size:30px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:20px;margin:0 0 12px}
h3{font-size:16px;margin:0 0 6px}
p{margin:0 0 10px;max-width:78ch}
.subtitle{color:var(--muted);margin:0 0 18px;overflow-wrap:anywhere}
.summary{font-size:18px;line-height:1.55;max-width:70ch;overflow-wrap:anywhere}
.note,.unit{color:var(--muted);font-size:13px}
.unit{font-weight:400}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:22px 24px;margin:18px 0}
nav{margin:20px 0 0}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:6px 8px;margin:0;padding:0}
nav a{display:inline-block;padding:4px 11px;border:1px solid var(--line);border-radius:99px;background:var(--card);color:var(--ink);text-decoration:none;font-size:13px}
nav a:hover,nav a:focus{border-color:var(--accent);color:var(--accent)}
footer{color:var(--muted);font-size:13px;padding-top:6px;padding-bottom:40px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px;margin:18px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 16px}
section .tile{background:transparent}
.tile .figure{font-size:24px;line-height:1.2;font-weight:650}
.tile .label{font-size:13px}
.warnings{background:var(--loud);color:var(--loud-ink);border:1px solid var(--line);border-radius:12px;padding:12px 20px;margin:18px 0;overflow-wrap:anywhere}
.warnings ul{margin:4px 0;padding-left:20px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:14px}
.card{border:1px solid var(--line);border-radius:10px;padding:14px 16px;overflow-wrap:anywhere}
.card .size{margin:0 0 6px;color:var(--muted)}
.card .size .figure{font-size:22px;font-weight:650;color:var(--ink)}
.card .bar{height:6px;margin:0 0 10px}
.findings{list-style:none;margin:0 0 8px;padding:0;font-size:14px}
.findings li{padding:2px 0 2px 20px;position:relative}
.findings li::before{position:absolute;left:0;font-size:12px;line-height:21px}
.findings .up::before{content:"▲";color:var(--zp4)}
.findings .down::before{content:"▼";color:var(--zn4)}
.card>.note{margin:0}
a.segment{color:inherit;text-decoration:none}
a.segment:hover .name{text-decoration:underline}
.badge{display:inline-block;min-width:24px;padding:0 6px;border-radius:6px;background:var(--accent-soft);color:var(--accent);font-size:13px;font-weight:650;text-align:center}
.tag{font-size:11px;font-weight:400;color:var(--muted);border:1px solid var(--line);border-radius:4px;padding:0 4px;white-space:nowrap}
)"_html;
}

Html tables() {
  return R"(
.scroll{overflow-x:auto;margin:0 0 14px}
table{border-collapse:collapse;width:100%;font-size:14px}
caption{text-align:left;font-weight:600;padding:4px 0 6px}
th,td{padding:5px 10px 5px 0;text-align:left;vertical-align:middle;border-bottom:1px solid var(--line)}
thead th{color:var(--muted);font-size:12px;font-weight:600;vertical-align:bottom}
tbody th{font-weight:500;overflow-wrap:anywhere;min-width:120px}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;min-width:0}
tr.loud th,tr.loud td{background:var(--loud)}
tr.chosen-row th,tr.chosen-row td,tr.set th,tr.set td{background:var(--accent-soft)}
code{font-size:12px;overflow-wrap:anywhere}
table.bars td.wide{width:48%}table.stability td.wide{width:20%}
.bar{display:block;width:100%;height:14px;border-radius:3px}
.track{fill:var(--track)}
.fill{fill:var(--accent)}
table.heat{border-spacing:2px;border-collapse:separate;width:auto;min-width:60%}
table.heat th,table.heat td{border:0}
table.heat thead th{text-align:center;vertical-align:bottom;max-width:120px;padding:2px 4px;overflow-wrap:anywhere}
table.heat:not(.dense) thead th{min-width:76px}
table.heat thead th:first-child{text-align:left}
table.heat tbody th{padding:2px 12px 2px 0;max-width:280px}
.z{text-align:center;font-variant-numeric:tabular-nums;font-size:13px;padding:5px 6px!important;border-radius:4px;min-width:58px;color:var(--ink)}
table.dense{border-spacing:1px}
.dense .z{min-width:11px;padding:8px 0!important;border-radius:2px}
table.dense thead th{padding:2px 0}
.dense .badge{padding:0;min-width:13px;font-size:9px;border-radius:3px}
table.dense tbody th{max-width:210px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.band th{padding-top:10px!important;color:var(--muted);font-size:12px}
.hidden{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.none{color:var(--muted)}
.z0{background:var(--z0)}.zp1{background:var(--zp1)}.zn1{background:var(--zn1)}
.zp2{background:var(--zp2);color:var(--ink2)}.zn2{background:var(--zn2);color:var(--ink2)}
.zp3{background:var(--zp3);color:var(--ink3)}.zn3{background:var(--zn3);color:var(--ink3)}
.zp4{background:var(--zp4);color:var(--ink4)}.zn4{background:var(--zn4);color:var(--ink4)}
.legend{display:flex;flex-wrap:wrap;gap:2px;margin:0 0 10px}
.legend .z{font-size:11px;padding:2px 8px!important}
details{margin:0 0 12px}
summary{cursor:pointer;padding:6px 0;font-weight:600;overflow-wrap:anywhere}
.segment-profile{border-top:1px solid var(--line);padding-top:6px}
.segment-profile>summary{font-size:16px}
td.spread{width:176px;padding-right:16px}
.categories{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:4px 28px}
.category tbody th{min-width:110px}
.category table.bars td.wide{width:30%}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:10px 20px;margin:0 0 16px}
dt{color:var(--muted);font-size:12px}
dd{margin:0;overflow-wrap:anywhere}
.votes{list-style:none;display:flex;flex-wrap:wrap;gap:8px;padding:0;margin:0 0 14px}
.votes li{border:1px solid var(--line);border-radius:99px;padding:3px 12px;font-size:14px}
.votes .for{background:var(--accent-soft);border-color:var(--accent)}
)"_html;
}

Html drawings_and_print() {
  return R"(
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:18px 24px;margin:0 0 14px}
figure{margin:0;display:flex;flex-direction:column;justify-content:space-between}
figcaption{margin:0 0 6px;font-size:14px}
.line-chart{width:100%;height:auto;max-width:460px}
.grid{stroke:var(--line);stroke-width:1}
.tick{fill:var(--muted);font-size:11px}
.value{fill:var(--ink);font-size:12px;font-weight:650;paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.line{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round}
.dot{fill:var(--accent)}
.interval{stroke:var(--box);stroke-width:4;stroke-linecap:round}
.chosen-line{stroke:var(--muted);stroke-width:1;stroke-dasharray:3 3}
.chosen{fill:var(--zp4);stroke:var(--card);stroke-width:2}
.whiskers{display:block;width:160px;height:20px}
.whisker{stroke:var(--muted);stroke-width:1.5}
.box{fill:var(--box)}
.median{stroke:var(--accent);stroke-width:2.5}
.everyone{stroke:var(--ink);stroke-width:1;stroke-dasharray:2 2}
@media (max-width:640px){main,header,footer{padding-left:12px;padding-right:12px}section{padding:16px 14px}h1{font-size:25px}}
@page{margin:14mm}
@media print{
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{background:#fff;font-size:11px}
nav{display:none}
main,header,footer{max-width:none;padding:0}
section{border:0;padding:0;margin:18px 0}
h2,h3,summary,caption{break-after:avoid}
.card,.tile,figure,tr,.category{break-inside:avoid}
h1{font-size:22px}h2{font-size:16px}.summary{font-size:14px}table,.card .findings{font-size:11px}.tile .figure,.card .size .figure{font-size:17px}
.cards{grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:8px}
.categories{grid-template-columns:1fr 1fr}.note{font-size:11px}.tiles{grid-template-columns:repeat(5,1fr)}
.scroll{overflow:visible}
details::details-content{content-visibility:visible;display:block;block-size:auto}
}
)"_html;
}

}  // namespace

Html style_sheet() {
  return element("style", colours() + layout() + tables() + drawings_and_print());
}

}  // namespace clientele::page
