"""What the vendor's issues say, in the words of its API descriptions; `ISSUE@call` where a call has its own.

The one rule: these are the vendor's sentences, slips included, for its description allows no others.
"""

SENTENCES = {
    "MISSING_REQUIRED_PARAMETER": "A required field / parameter is missing.",
    "MISSING_REQUIRED_PARAMETER@create": "A required parameter is missing.",
    "INVALID_PARAMETER_VALUE": "A parameter value is not valid.",
    "INVALID_PARAMETER_VALUE@patch": "The value of a field is invalid.",
    "INVALID_PARAMETER_SYNTAX": "The value of a field does not conform to the expected format.",
    "INVALID_STRING_LENGTH": "The value of a field is either too short or too long.",
    "INVALID_STRING_LENGTH@create": "The value of a field is either too short or too long",
    "INVALID_STRING_LENGTH@patch": "The value of a field is either too short or too long",
    "INVALID_ARRAY_MAX_ITEMS": "The number of items in an array parameter is too large.",
    "INVALID_ARRAY_MIN_ITEMS": "The number of items in an array parameter is too small.",
    "MALFORMED_REQUEST_JSON": "The request JSON is not well formed.",
    "PAYPAL_REQUEST_ID_REQUIRED": (
        "A PayPal-Request-Id is required if you are trying to process payment for an Order. Please"
        " specify a PayPal-Request-Id or Create the Order without a 'payment_source' specified."
    ),
    "INVALID_JSON_POINTER_FORMAT": (
        "Path should be a valid JSON Pointer https://tools.ietf.org/html/rfc6901 that references a"
        " location within the request where the operation is performed."
    ),
    "NOT_PATCHABLE": "Cannot be patched.",
    "FIELD_NOT_PATCHABLE": "Field cannot be patched.",
    "INVALID_PATCH_OPERATION": (
        "The operation cannot be honored. Cannot add a property that's already present, use replace."
        " Cannot remove a property thats not present, use add. Cannot replace a property thats not"
        " present, use add."
    ),
    "PERMISSION_DENIED": "You do not have permission to access or perform operations on this resource.",
    "INVALID_RESOURCE_ID": (
        "Specified resource ID does not exist. Please check the resource ID and try again."
    ),
    "PREVIOUS_REQUEST_IN_PROGRESS": (
        "A previous request on this resource is currently in progress. Please wait for sometime and"
        " try again. It is best to space out the initial and the subsequent request(s) to avoid"
        " receiving this error."
    ),
    "INVALID_CURRENCY_CODE": (
        "Currency code is invalid or is not currently supported. Please refer"
        " https://developer.paypal.com/api/rest/reference/currency-codes/ for list of supported"
        " currency codes."
    ),
    "INVALID_CURRENCY_CODE@payment": (
        "Currency code is invalid or is not currently supported. Please refer"
        " https://developer.paypal.com/docs/api/reference/currency-codes/ for list of supported"
        " currency codes."
    ),
    "CANNOT_BE_ZERO_OR_NEGATIVE": (
        "Must be greater than zero. If the currency supports decimals, only two decimal place"
        " precision is supported."
    ),
    "CANNOT_BE_NEGATIVE": (
        "Must be greater than or equal to 0. If the currency supports decimals, only two decimal place"
        " precision is supported."
    ),
    "DECIMAL_PRECISION": "If the currency supports decimals, only two decimal place precision is supported.",
    "DECIMALS_NOT_SUPPORTED": (
        "Currency does not support decimals. Please refer to"
        " https://developer.paypal.com/docs/api/reference/currency-codes/ for more information."
    ),
    "MAX_VALUE_EXCEEDED": "Should be less than or equal to 999999999999999.99.",
    "AMOUNT_MISMATCH": (
        "Should equal item_total + tax_total + shipping + handling + insurance - shipping_discount -"
        " discount."
    ),
    "ITEM_TOTAL_MISMATCH": (
        "Should equal sum of (unit_amount * quantity) across all items for a given purchase_unit."
    ),
    "ITEM_TOTAL_REQUIRED": (
        "If item details are specified (items.unit_amount and items.quantity) corresponding"
        " amount.breakdown.item_total is required."
    ),
    "TAX_TOTAL_MISMATCH": "Should equal sum of (tax * quantity) across all items for a given purchase_unit.",
    "TAX_TOTAL_REQUIRED": (
        "If item details are specified (items.tax_total and items.quantity) corresponding"
        " amount.breakdown.tax_total is required."
    ),
    "MULTI_CURRENCY_ORDER": (
        "Multiple differing values of currency_code are not supported. Entire Order request must have"
        " the same currency_code."
    ),
    "DUPLICATE_REFERENCE_ID": "`reference_id` must be unique if multiple `purchase_unit` are provided.",
    "REFERENCE_ID_REQUIRED": (
        "'reference_id' is required for each 'purchase_unit' if multiple 'purchase_unit' are provided."
    ),
    "REFERENCE_ID_NOT_FOUND": (
        "Filter expression value is incorrect. Please check the value of the reference_id and try again."
    ),
    "UNSUPPORTED_INTENT": (
        "`intent=AUTHORIZE` is not supported for multiple purchase units. Only `intent=CAPTURE` is supported."
    ),
    "ORDER_ALREADY_COMPLETED": "The order cannot be patched after it is completed.",
    "PATCH_VALUE_REQUIRED": "Please specify a 'value' to for the field that is being patched.",
    "PATCH_PATH_REQUIRED": (
        "Please specify a 'path' for the field for which the operation needs to be performed."
    ),
    "AMOUNT_CHANGE_NOT_ALLOWED": "The amount specified is different from the amount authorized by payer.",
    "ACTION_DOES_NOT_MATCH_INTENT": (
        "Order was created with an intent to 'CAPTURE'. Please use v2/checkout/orders/order_id/capture"
        " to complete the transaction or alternately Create an order with an intent of 'AUTHORIZE'."
    ),
    "ACTION_DOES_NOT_MATCH_INTENT@capture_order": (
        "Order was created with an intent to 'AUTHORIZE'. Please use"
        " v2/checkout/orders/order_id/authorize to authorize the transaction or alternately Create an"
        " order with an intent of 'CAPTURE'."
    ),
    "ORDER_NOT_APPROVED": (
        "Payer has not yet approved the Order for payment. Please redirect the payer to the"
        " 'rel':'approve' url returned as part of the HATEOAS links within the Create Order call."
    ),
    "ORDER_NOT_APPROVED@capture_order": (
        "Payer has not yet approved the Order for payment. Please redirect the payer to the"
        " 'rel':'approve' url returned as part of the HATEOAS links within the Create Order call or"
        " provide a valid `payment_source` in the request."
    ),
    "ORDER_ALREADY_AUTHORIZED": (
        "Order already authorized.If 'intent=AUTHORIZE' only one authorization per order is allowed."
    ),
    "ORDER_ALREADY_CAPTURED": (
        "Order already captured.If 'intent=CAPTURE' only one capture per order is allowed."
    ),
    "ORDER_COMPLETED_OR_VOIDED": "Order is voided or completed and hence cannot be authorized.",
    "ORDER_EXPIRED": (
        "Order is expired and hence cannot be authorized. Please contact Customer Support if you need"
        " to increase your order validity period."
    ),
    "INSTRUMENT_DECLINED": (
        "The instrument presented  was either declined by the processor or bank, or it can't be used"
        " for this payment."
    ),
    "PAYER_ACTION_REQUIRED": (
        "Transaction cannot complete successfully, instruct the buyer to return to PayPal."
    ),
    "PAYER_CANNOT_PAY": (
        "Payer cannot pay for this transaction. Please contact the payer to find other ways to pay for"
        " this transaction."
    ),
    "TRANSACTION_REFUSED": "The request was refused.",
    "TRANSACTION_REFUSED@payment": "PayPal's internal controls prevent authorization from being captured.",
    "DUPLICATE_INVOICE_ID": (
        "Duplicate Invoice ID detected. To avoid a potential duplicate transaction your account"
        " setting requires that Invoice Id be unique for each transaction."
    ),
    "DUPLICATE_INVOICE_ID@payment": (
        "Requested invoice_id has been previously captured. Possible duplicate transaction."
    ),
    "DUPLICATE_INVOICE_ID@refund": "Invoice ID was previously used to refund a capture.",
    "AUTHORIZATION_VOIDED": "A voided authorization cannot be captured or reauthorized. ",
    "AUTHORIZATION_DENIED": "An denied authorization cannot be captured.",
    "AUTHORIZATION_EXPIRED": "An expired authorization cannot be captured.",
    "AUTHORIZATION_ALREADY_CAPTURED": "Authorization has previously been captured.",
    "MAX_CAPTURE_AMOUNT_EXCEEDED": (
        "Capture amount exceeds allowable limit. Please contact customer service or your account"
        " manager to request the change to your overage limit. The default overage limit is 115%,"
        " which allows the sum of all captures to be up to 115% of the order amount. The ability to"
        " over capture is subjected to regulatory approvals."
    ),
    "MAX_CAPTURE_COUNT_EXCEEDED": (
        "Maxmimum number of allowable captures has been reached. No additional captures are possible"
        " for this authorization. Contact Customer Service or your account manager to change the"
        " number of captures for a given authorization."
    ),
    "AUTH_CAPTURE_CURRENCY_MISMATCH": "Currency of capture must be the same as currency of authorization.",
    "AUTH_CURRENCY_MISMATCH": (
        "The currency specified during reauthorization should be the same as the currency specified in"
        " the original authorization. Please check the currency of the authorization for which you are"
        " trying to reauthorize and try again."
    ),
    "REAUTHORIZATION_NOT_SUPPORTED": (
        "A reauthorize cannot be attempted on an authorization_id that is the result of a prior"
        " reauthorization or on an authorization made on an Order saved using the `v2/orders/id/save`"
        " API."
    ),
    "PREVIOUSLY_CAPTURED": "Authorization has been previously captured and hence cannot be voided.",
    "PREVIOUSLY_VOIDED": "Authorization has been previously voided and hence cannot be voided again.",
    "CANNOT_BE_VOIDED": "A reauthorization cannot be voided. Please void the original parent authorization.",
    "CAPTURE_FULLY_REFUNDED": "The capture has already been fully refunded",
    "REFUND_AMOUNT_EXCEEDED": (
        "The refund amount must be less than or equal to the capture amount that has not yet been refunded."
    ),
    "REFUND_CAPTURE_CURRENCY_MISMATCH": "Refund must be in the same currency as the capture",
    "REFUND_NOT_ALLOWED": "Capture cannot be refunded.",
    "REFUND_TIME_LIMIT_EXCEEDED": "You are over the time limit to perform a refund on this capture",
    "REFUND_FAILED_INSUFFICIENT_FUNDS": (
        "Capture could not be refunded due to insufficient funds. Please check to see if you have"
        " sufficient funds in your PayPal account or if the bank account linked to your PayPal account"
        " is verified and has sufficient funds."
    ),
    "PENDING_CAPTURE": (
        "Cannot initiate a refund as the capture is pending. Capture is typically pending when the"
        " payer has funded the transaction using e-check/bank funded."
    ),
    "TRANSACTION_DISPUTED": (
        "Partial refunds cannot be offered at this time because there is an open case on this"
        " transaction. Visit the PayPal Resolution Center to review this case."
    ),
}
