import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style/page.css';
import './style/learning.css';
import './style/inside.css';
import './style/tools.css';
import './style/prose.css';
import './style/narrow.css';
import { Page } from './page.tsx';
import { startKeys } from './state/keys.ts';
import { ask, loadCatalogue } from './state/lab.ts';
import { startNavigation } from './state/navigation.ts';
import { wordsReady } from './state/preferences.ts';

await wordsReady;
const root = document.getElementById('page');
if (root) render(<Page />, root);
// Lets the console and the tests send the engine the requests of the page.
window.apicalLab = { ask };
startKeys();
startNavigation();
void loadCatalogue();
