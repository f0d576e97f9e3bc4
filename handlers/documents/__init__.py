"""Receipts, invoices and credit notes of a booking, and to whom it is invoiced."""
