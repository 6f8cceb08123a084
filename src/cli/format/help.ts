/** The help texts of `--format`. */
export const formatHelp = `Print through a template:
table             Columns under their titles (the usual form)
table TEMPLATE    Columns of a Go template
json              One JSON object a line
TEMPLATE          A Go template for each line`;

export const inspectFormatHelp = `Print through a template:
json              JSON
TEMPLATE          A Go template`;
