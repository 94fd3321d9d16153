import { render } from "solid-js/web";
import { App } from "./App";
import { applyStoredTheme } from "./theme/theme";
import "./styles/index.css";

applyStoredTheme();
const root = document.querySelector("#app");
if (root) render(() => <App />, root);
