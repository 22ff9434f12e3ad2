// What markup in .tsx files becomes calls of.

export { Fragment, h } from "preact";
