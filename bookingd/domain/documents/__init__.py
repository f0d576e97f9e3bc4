"""Receipts, invoices and credit notes, and the tax that they show: pure values and rules."""
