import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import "./styles/index.css";

const place = document.getElementById("root");
if (place === null) throw new Error("the page has no place to be drawn in");
createRoot(place).render(<App />);
