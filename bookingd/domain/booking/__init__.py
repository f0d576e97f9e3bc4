"""The booking lifecycle: what a booking is (state), what moves it (facts), and how (decide)."""
