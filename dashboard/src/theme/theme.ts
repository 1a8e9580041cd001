import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from "@mantine/core";
import classes from "./theme.module.css";

const ink: MantineColorsTuple = [
  "#f1f1ec",
  "#deddd5",
  "#c5c4bd",
  "#a6a7ad",
  "#85837a",
  "#6d6d6f",
  "#5c5d61",
  "#3a3b3f",
  "#26272a",
  "#1b1c1e",
];

/** Buttons that act are ink on paper, those that destroy are red; both in either theme. */
const variantColors: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  if (input.variant !== "filled") return colors;
  const fill = (background: string, hover: string, color: string) => ({ ...colors, background, hover, color });
  if (input.color === "red") return fill("#b3261e", "#961f18", "#ffffff");
  return fill("var(--ok-text)", "var(--ok-muted)", "var(--ok-bg)");
};

export const theme = createTheme({
  primaryColor: "ink",
  colors: { ink },
  primaryShade: { light: 9, dark: 0 },
  variantColorResolver: variantColors,
  respectReducedMotion: true,
  fontFamily: "system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, monospace",
  fontSizes: { xs: "0.75rem", sm: "0.875rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  lineHeights: { sm: "1.43", md: "1.43", lg: "1.5" },
  spacing: { xs: "0.5rem", sm: "0.75rem", md: "1rem", lg: "1.5rem", xl: "2rem" },
  radius: { xs: "4px", sm: "4px", md: "8px", lg: "12px" },
  defaultRadius: "sm",
  headings: {
    fontWeight: "600",
    sizes: { h1: { fontSize: "1.5rem" }, h2: { fontSize: "1.25rem" }, h3: { fontSize: "1rem" } },
  },
  focusClassName: classes.focus,
  components: {
    Paper: { defaultProps: { radius: "md" }, classNames: { root: classes.surface } },
    Modal: {
      defaultProps: {
        radius: "lg",
        transitionProps: { duration: 180 },
        closeButtonProps: { "aria-label": "Close" },
      },
      classNames: { content: classes.surface, header: classes.surface, title: classes.title },
    },
    Drawer: { classNames: { content: classes.surface, header: classes.surface, title: classes.title } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    TableScrollContainer: { defaultProps: { type: "native", tabIndex: 0 } },
    Checkbox: { defaultProps: { iconColor: "var(--ok-bg)" }, classNames: { input: classes.radio } },
    RadioIndicator: { defaultProps: { iconColor: "var(--ok-bg)" }, classNames: { indicator: classes.radio } },
    NavLink: { classNames: { root: classes.place } },
    Anchor: { defaultProps: { underline: "always" } },
  },
});

type Tokens = Record<string, string>;

const light: Tokens = {
  bg: "#fafaf7",
  surface: "#ffffff",
  sunken: "#f1f1ec",
  text: "#1b1c1e",
  muted: "#5c5d61",
  line: "#deddd5",
  "line-strong": "#85837a",
  own: "#174a96",
  "own-fill": "#2a66c0",
  "own-soft": "#e9f0fb",
  managed: "#ad4f0b",
  "managed-fill": "#d97a2b",
  "managed-soft": "#fdf3e9",
  ok: "#1e7a3c",
  "ok-soft": "#e8f5ec",
  attention: "#705500",
  "attention-soft": "#fbf4d4",
  bad: "#b3261e",
  "bad-soft": "#fcedeb",
};

const dark: Tokens = {
  bg: "#121315",
  surface: "#1a1b1e",
  sunken: "#0d0e10",
  text: "#ecece8",
  muted: "#a6a7ad",
  line: "#303136",
  "line-strong": "#7c7d84",
  own: "#8ab4f8",
  "own-fill": "#5b8fe0",
  "own-soft": "#17243a",
  managed: "#ffbe86",
  "managed-fill": "#f5ac6b",
  "managed-soft": "#33220f",
  ok: "#6ccb8a",
  "ok-soft": "#13291b",
  attention: "#e5c454",
  "attention-soft": "#2e270f",
  bad: "#ff8f86",
  "bad-soft": "#3a1714",
};

/** Our tokens under their own names, and the library's colours in terms of them. */
function variables(tokens: Tokens): Tokens {
  const own = Object.fromEntries(Object.entries(tokens).map(([name, value]) => [`--ok-${name}`, value]));
  return {
    ...own,
    "--mantine-color-body": "var(--ok-bg)",
    "--mantine-color-text": "var(--ok-text)",
    "--mantine-color-dimmed": "var(--ok-muted)",
    "--mantine-color-placeholder": "var(--ok-muted)",
    "--mantine-color-anchor": "var(--ok-text)",
    "--mantine-color-default": "var(--ok-surface)",
    "--mantine-color-default-hover": "var(--ok-sunken)",
    "--mantine-color-default-color": "var(--ok-text)",
    "--mantine-color-default-border": "var(--ok-line)",
    "--mantine-color-error": "var(--ok-bad)",
    "--mantine-primary-color-filled": "var(--ok-text)",
    "--mantine-primary-color-filled-hover": "var(--ok-muted)",
    "--mantine-primary-color-contrast": "var(--ok-bg)",
  };
}

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: variables(light),
  dark: variables(dark),
});
