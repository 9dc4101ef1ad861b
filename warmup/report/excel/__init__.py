"""The Excel workbook, one file per kind of sheet; :func:`warmup.report.sheet.write_xlsx` puts them together."""
